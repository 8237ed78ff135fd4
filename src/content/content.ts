import { HeraldError } from '../error.ts';

/** Content that cannot be sent as it is: names the field and the limit, never the content itself. */
export class ContentError extends HeraldError {
  override readonly name = 'ContentError';
  readonly code = 'HERALD_INVALID_CONTENT';
  readonly field: string;
  /** The message without the field. */
  readonly problem: string;
  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
    this.problem = problem;
  }
}

/** The parts of a message that rendering and addressing use, whatever its platform. */
export interface RenderableMessage {
  content: string;
  format?: 'markdown' | 'native' | undefined;
  data?: Record<string, unknown> | undefined;
}
