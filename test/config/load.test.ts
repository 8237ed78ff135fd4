// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what a configuration holds
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/error.ts';
import { loadConfig } from '../../src/config/load.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'herald-config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function file(text: string, name = 'herald.yaml'): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

const load = (path: string | undefined, env: Record<string, string> = {}) =>
  loadConfig(path, { env, secrets: 'resolve' });

function failureOf(path: string | undefined, env: Record<string, string> = {}): ConfigError {
  try {
    load(path, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('expected a ConfigError');
}

const MINIMAL = `channels:
  kongregate:
    platform: kongregate
    apiKey: \${KEY}
`;

it('reads the file named, else the one that HERALD_CONFIG names', () => {
  const named = file(`drainTimeout: 1s\n${MINIMAL}`, 'named.yaml');
  const other = file(`drainTimeout: 2s\n${MINIMAL}`, 'other.yaml');
  expect(load(named, { KEY: 'k', HERALD_CONFIG: other }).drainTimeoutMs).toBe(1000);
  expect(load(undefined, { KEY: 'k', HERALD_CONFIG: other }).drainTimeoutMs).toBe(2000);
});

it('reads a secret from the file that an environment variable names', () => {
  const KEY_FILE = file('secret\n', 'key');
  expect(load(file(MINIMAL), { KEY_FILE }).channels[0]!.settings['apiKey']).toBe('secret');
});

it('says where it looked when there is no file', () => {
  const missing = join(dir, 'missing.yaml');
  expect(failureOf(missing).message).toBe(`no configuration at ${missing}: set --config or HERALD_CONFIG`);
  expect(failureOf(dir).message).toBe(`${dir}: cannot be read (EISDIR)`);
});

it('tells file, line and field of every problem', () => {
  const path = file(`redis: redis://localhost
channels:
  kongregate:
    platform: kongregate
    apiKey: abc
    rate: { max: many, per: 1s }
    tiemout: 5s
  second:
    platform: kongregate
`);
  expect(failureOf(path).message.split('\n')).toEqual([
    `${path}:6: channels.kongregate.rate.max: expected a whole number from 1 to 100000`,
    `${path}:7: channels.kongregate.tiemout: is not a known field: did you mean timeout?`,
    `${path}:9: channels.second.apiKey: is missing`,
  ]);
});

it('reads a number as it is written: a duration needs its unit, and a key keeps its zeros', () => {
  const bare = file(MINIMAL.replace('${KEY}', '0123e4').replace(/$/, '    timeout: 10\n'));
  expect(failureOf(bare).message).toMatch(/timeout: expected a duration such as 500ms, 5s, 10m or 14d$/);
  const path = file(MINIMAL.replace('${KEY}', '00123').replace(/$/, '    concurrency: 7\n'));
  expect(load(path, {}).channels[0]).toMatchObject({ concurrency: 7, settings: { apiKey: '00123' } });
});

it('names variable, line and field where the environment lacks one', () => {
  const path = file(MINIMAL);
  expect(failureOf(path).message).toBe(
    `${path}:4: channels.kongregate.apiKey: the environment variable KEY is not set`,
  );
});

it.each(['utf-16le', 'utf-16be'] as const)('reads %s by its byte order mark', (encoding) => {
  const path = file('');
  const bytes = Buffer.from(`\ufeff${MINIMAL}`, 'utf16le');
  writeFileSync(path, encoding === 'utf-16be' ? bytes.swap16() : bytes);
  expect(load(path, { KEY: 'k' }).channels[0]!.name).toBe('kongregate');
});

it.each([
  ['a:\n\tb: 1', ':2: is not valid YAML: tab in the indentation: use spaces (TAB_AS_INDENT)'],
  ['a: "x', 'is not valid YAML: missing quote, bracket, brace or comma (MISSING_CHAR)'],
  ['a: 1\n b: 2', 'is not valid YAML: key and value where only a key is allowed'],
  ['a: @x', 'is not valid YAML: a value that starts with @ or ` must be quoted (BAD_SCALAR_START)'],
  ['a: 1\n---\nb: 2', 'is not valid YAML: more than one document (---) (MULTIPLE_DOCS)'],
])('says what is wrong with the YAML of %j', (text, problem) => {
  expect(failureOf(file(text)).message).toContain(problem);
});

it.each([
  ['a: [1', 'is not valid YAML'],
  ['a: 1\na: 2', ':2: is not valid YAML: duplicate key (DUPLICATE_KEY)'],
  ['a: *nobody', 'is not valid YAML'],
  ['', 'expected an object'],
  ['- a', 'expected an object'],
  [`${MINIMAL}x: &x [*x]`, 'nested too deeply'],
])('refuses what is no configuration: %j', (text, problem) => {
  expect(failureOf(file(text), { KEY: 'k' }).message).toContain(problem);
});

it('reports what broke the YAML once, however much of the file follows', () => {
  const rest = MINIMAL.repeat(5);
  const placeholder = file(`redis: redis://localhost\nhttp: { host: 0.0.0.0, port: \${PORT} }\n${rest}`);
  expect(failureOf(placeholder).message).toBe(
    `${placeholder}:2: is not valid YAML: a placeholder within braces or brackets must be quoted, as in { port: "\${PORT}" }`,
  );
  const list = file(`a: [http://\${HOST:-localhost}/, \${PORT}]\n${rest}`);
  expect(failureOf(list).message).toMatch(/^.*:1: .* must be quoted, as in \{ port: "\$\{PORT\}" \}$/);
  const twice = file('a: 1\na: 2\na: 3\nb: [}\nc: }\nd: ]');
  expect(
    failureOf(twice)
      .message.split('\n')
      .map((line) => line.slice(twice.length, twice.length + 3)),
  ).toEqual([':2:', ':3:', ':4:']);
});

it('keeps what the file says out of a report of broken YAML', () => {
  const { message } = failureOf(file('apiKey: "hush-hush\nchannels: ['));
  expect(message).not.toContain('hush');
});
