/** Errors that are shown in place of a screen; their text is for the user. */

class BoardError extends Error {
  readonly status: 400 | 403 | 404 | 408 | 409 | 413 | 429;
  constructor(status: BoardError['status'], text: string) {
    super(text);
    this.status = status;
  }
}

export class NotFound extends BoardError {
  override readonly name = 'NotFound';
  constructor(text: string) {
    super(404, text);
  }
}

export class Refused extends BoardError {
  override readonly name = 'Refused';
}

export const isBoardError = (error: unknown): error is BoardError => error instanceof BoardError;
