import { HeraldError } from '../error.ts';
import { type Problem, problemText } from '../message/problems.ts';

export interface ConfigProblem extends Problem {
  /** Line of the file, from 1, where it is known. */
  line?: number;
}

/**
 * A configuration that cannot be used: one line a problem, naming file, line and field. Values are never repeated,
 * since any of them may have come out of a secret.
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
