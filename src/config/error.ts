import { HeraldError } from '../error.ts';
import { type Problem, problemText } from '../message/problems.ts';

export interface ConfigProblem extends Problem {
  /** Line in the file, from 1, if known. */
  line?: number;
}

/**
 * An invalid configuration. The message has one line per problem, with file, line and field. It never quotes a value,
 * since any of them may be a secret.
 */
export class ConfigError extends HeraldError {
  override readonly name = 'ConfigError';
  readonly code = 'HERALD_INVALID_CONFIG';
  readonly problems: readonly ConfigProblem[];
  readonly file: string | undefined;
  constructor(problems: readonly ConfigProblem[], file?: string) {
    super(problems.map((problem) => `${place(problem, file)}${problemText(problem)}`).join('\n'));
    this.problems = problems;
    this.file = file;
  }
}

function place({ line }: ConfigProblem, file: string | undefined): string {
  if (file === undefined) return '';
  return line === undefined ? `${file}: ` : `${file}:${line}: `;
}
