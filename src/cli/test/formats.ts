import { formatJson } from './format-json.ts';
import { formatJunit } from './format-junit.ts';
import { formatText } from './format-text.ts';
import type { Report } from './report.ts';

export const FORMATS: Readonly<Record<'text' | 'junit' | 'json', (report: Report) => string>> = {
  text: formatText,
  junit: formatJunit,
  json: formatJson,
};
