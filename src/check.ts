/** The result of one check of `doctor`. */
export interface Check {
  name: string;
  level: 'ok' | 'warning' | 'failed';
  /** One sentence: the finding and, unless it is ok, what to do. */
  text: string;
}

export const ok = (name: string, text: string): Check => ({ name, level: 'ok', text });
export const warning = (name: string, text: string): Check => ({ name, level: 'warning', text });
export const failed = (name: string, text: string): Check => ({ name, level: 'failed', text });
