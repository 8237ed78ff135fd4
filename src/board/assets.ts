import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { to } from './links.ts';

/** The stylesheet, the script and the icon: read once, and named by a hash of their content, so that browsers may cache them. */

const TYPES = {
  'board.css': 'text/css; charset=utf-8',
  'board.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
type AssetName = keyof typeof TYPES;

export interface Asset {
  body: string;
  type: string;
  /** `board.<hash>.css` */
  hashed: string;
}

const read = new Map<AssetName, Asset>();

function assetOf(name: AssetName): Asset {
  const known = read.get(name);
  if (known) return known;
  const body = readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8');
  const [stem, extension] = name.split('.');
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  const asset = { body, type: TYPES[name], hashed: `${stem}.${hash}.${extension}` };
  read.set(name, asset);
  return asset;
}

export const assetUrl = (name: AssetName): string => to.asset(assetOf(name).hashed);

export const findAsset = (hashed: string): Asset | undefined =>
  (Object.keys(TYPES) as AssetName[]).map(assetOf).find((asset) => asset.hashed === hashed);
