import { existsSync, readFileSync } from 'node:fs';
import { type Document, isNode, LineCounter, parseDocument, visit } from 'yaml';
import type { Problem } from '../message/problems.ts';
import { platforms } from '../platforms/registry.ts';
import { ConfigError, type ConfigProblem } from './error.ts';
import type { Environment } from './interpolate.ts';
import { literalSecrets } from './literal-secrets.ts';
import { checkConfig, type ParseOptions } from './parse.ts';
import type { HeraldConfig } from './schema.ts';
import { yamlProblem } from './yaml-problem.ts';

const DEFAULT_FILE = 'herald.yaml';

export interface LoadOptions {
  env: Environment;
  secrets: ParseOptions['secrets'];
}

/**
 * Loads the configuration file: `path`, else the file that HERALD_CONFIG names, else ./herald.yaml.
 * @throws ConfigError with every problem found: file, line and field
 */
export function loadConfig(path: string | undefined, { env, secrets }: LoadOptions): HeraldConfig {
  const { file, source, located } = openConfig(path, env);
  const checked = checkConfig(source, { platforms, env, secrets, readFile });
  if ('config' in checked) return checked.config;
  throw new ConfigError(checked.problems.map(located), file);
}

/**
 * Finds literal secrets in the file. They do not prevent it from being used, so only `doctor` reports them.
 * @throws ConfigError when it cannot be read
 */
export function findLiteralSecrets(path: string | undefined, env: Environment): ConfigError | undefined {
  const { file, source, located } = openConfig(path, env);
  const problems = literalSecrets(source, platforms).map(located);
  return problems.length > 0 ? new ConfigError(problems, file) : undefined;
}

interface OpenConfig {
  file: string;
  source: unknown;
  /** Adds the line number. */
  located: (problem: Problem) => ConfigProblem;
}

function openConfig(path: string | undefined, env: Environment): OpenConfig {
  const file = path ?? (env['HERALD_CONFIG'] || DEFAULT_FILE);
  const lines = new LineCounter();
  const document = parseDocument(readConfig(file), { lineCounter: lines });
  const broken = document.errors.map((error): ConfigProblem => {
    const line = lines.linePos(error.pos[0]).line;
    return { path: '', line, message: yamlProblem(error.code) };
  });
  if (broken.length > 0) throw new ConfigError(broken, file);
  const source = toPlain(document, file);
  return { file, source, located: (problem) => lineOf(problem, document, lines) };
}

const readFile = (path: string): string => decode(readFileSync(path));

/** Decodes UTF-8, or UTF-16 if there is a byte order mark, as YAML 1.2 requires (5.2): Windows shells write UTF-16. */
function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return bytes.toString('utf8');
}

function readConfig(file: string): string {
  if (!existsSync(file))
    throw new ConfigError([
      { path: '', message: `no configuration at ${file}: set --config or HERALD_CONFIG` },
    ]);
  try {
    return readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ConfigError([{ path: '', message: `cannot be read (${code})` }], file);
  }
}

/**
 * Converts the document to plain objects. Numbers stay text as written, like those from the environment: an API key of
 * digits keeps its leading zeros, and a duration without a unit is rejected. Aliases without an anchor, or too many of
 * them, are detected only here.
 */
function toPlain(document: Document, file: string): unknown {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'number' && node.source !== undefined) node.value = node.source;
    },
  });
  try {
    return document.toJS();
  } catch {
    throw new ConfigError(
      [{ path: '', message: 'is not valid YAML (aliases that cannot be resolved)' }],
      file,
    );
  }
}

/** Adds the line of the field, or of the closest parent if the field is missing. */
function lineOf(problem: Problem, document: Document, lines: LineCounter): ConfigProblem {
  const path = problem.path.split('.');
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return { ...problem, line: lines.linePos(node.range[0]).line };
  }
  return problem;
}
