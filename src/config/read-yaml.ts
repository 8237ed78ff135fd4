import { readFileSync } from 'node:fs';
import { type Document, isNode, LineCounter, parseDocument, visit } from 'yaml';
import type { Problem } from '../message/problems.ts';
import { ConfigError, type ConfigProblem } from './error.ts';
import { yamlProblems } from './yaml-problem.ts';

export interface ReadYaml {
  file: string;
  source: unknown;
  /** Adds the line number. */
  located: (problem: Problem) => ConfigProblem;
}

/**
 * Reads a YAML file. JSON is YAML.
 * @param options `numbers`: `text` leaves them as written
 * @throws ConfigError when it cannot be read, or is not YAML
 */
export function readYaml(
  file: string,
  { numbers = 'parsed' }: { numbers?: 'parsed' | 'text' } = {},
): ReadYaml {
  const lines = new LineCounter();
  const text = read(file);
  const document = parseDocument(text, { lineCounter: lines });
  const broken = yamlProblems(document.errors, text).map(
    ({ at, message }): ConfigProblem => ({ path: '', line: lines.linePos(at).line, message }),
  );
  if (broken.length > 0) throw new ConfigError(broken, file);
  if (numbers === 'text') keepNumbers(document);
  const source = toPlain(document, file);
  return { file, source, located: (problem) => lineOf(problem, document, lines) };
}

function read(file: string): string {
  try {
    return decodeFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ConfigError([{ path: '', message: `cannot be read (${code})` }], file);
  }
}

/** Decodes UTF-8, or UTF-16 if there is a byte order mark, as YAML 1.2 requires (5.2): Windows shells write UTF-16. */
export function decodeFile(path: string): string {
  const bytes = readFileSync(path);
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return bytes.toString('utf8');
}

function keepNumbers(document: Document): void {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'number' && node.source !== undefined) node.value = node.source;
    },
  });
}

/** Aliases without an anchor, or too many of them, are detected only here. */
function toPlain(document: Document, file: string): unknown {
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
