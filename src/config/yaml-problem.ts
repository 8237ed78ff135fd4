import type { ErrorCode, YAMLParseError } from 'yaml';

/** Texts for parser errors: the parser's own messages quote the source, which may contain secrets. */
const MEANINGS: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'malformed alias (*name)',
  BAD_DQ_ESCAPE: 'unknown escape (\\) in a double-quoted string',
  BAD_INDENT: 'indentation does not match the surrounding lines',
  BAD_SCALAR_START: 'a value that starts with @ or ` must be quoted',
  BLOCK_AS_IMPLICIT_KEY:
    'key and value where only a key is allowed: two colons in a line, or text that must be quoted',
  BLOCK_IN_FLOW: 'block inside braces or brackets',
  DUPLICATE_KEY: 'duplicate key',
  MISSING_CHAR: 'missing quote, bracket, brace or comma',
  MULTILINE_IMPLICIT_KEY: 'key over several lines, or missing colon',
  MULTIPLE_DOCS: 'more than one document (---)',
  NON_STRING_KEY: 'key is not a string',
  TAB_AS_INDENT: 'tab in the indentation: use spaces',
  TAG_RESOLVE_FAILED: 'unknown tag (!name)',
  UNEXPECTED_TOKEN: 'unexpected token',
};

const PLACEHOLDER =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what the file should say
  'is not valid YAML: a placeholder within braces or brackets must be quoted, as in { port: "${PORT}" }';

/** The errors after which the parser recovers. */
const SINGLE: readonly ErrorCode[] = ['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED'];

export interface YamlProblem {
  /** Offset in the text. */
  at: number;
  /** `is not valid YAML: duplicate key (DUPLICATE_KEY)` */
  message: string;
}

/** The errors up to the first one from which the parser does not recover: after it, it reports every token of the file. */
export function yamlProblems(errors: readonly YAMLParseError[], text: string): YamlProblem[] {
  const inOrder = errors.toSorted((one, other) => one.pos[0] - other.pos[0]);
  const lost = inOrder.findIndex(({ code }) => !SINGLE.includes(code));
  const own = lost < 0 ? inOrder : inOrder.slice(0, lost + 1);
  return own.map(({ code, pos: [at] }) => ({ at, message: problemText(code, text.slice(at - 1, at + 1)) }));
}

function problemText(code: ErrorCode, around: string): string {
  if (around === '${') return PLACEHOLDER;
  const meaning = MEANINGS[code];
  return meaning === undefined ? `is not valid YAML (${code})` : `is not valid YAML: ${meaning} (${code})`;
}
