import { readFileSync } from 'node:fs';
import { subset } from 'semver';
import { expect, it } from 'vitest';

interface Locked {
  integrity?: string;
  link?: boolean;
  dev?: boolean;
  optional?: boolean;
  engines?: { node?: string };
}

const read = (file: string) => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as { engines: { node: string }; overrides?: object };
const packages = Object.entries(read('package-lock.json').packages as Record<string, Locked>).filter(
  ([path, { link }]) => path !== '' && !link,
);

it('every package that comes with Herald runs on each Node that Herald declares', () => {
  // Overrides do not reach those who install it: a tree that needs them is another one there.
  expect(manifest.overrides).toBeUndefined();
  const newer = packages.filter(
    ([, { dev, engines }]) => !dev && engines?.node && !subset(manifest.engines.node, engines.node),
  );
  expect(newer.map(([path, { engines }]) => `${path}: ${engines?.node}`)).toEqual([]);
});

it('every package of the lock file is known by its hash, and by no address', () => {
  expect(packages.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([]);
  expect(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')).not.toContain(
    '"resolved"',
  );
});
