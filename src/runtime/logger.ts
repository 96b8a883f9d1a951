/** JSON lines by winston. One line a decision; never policy text, tokens or whole objects. */
import { writeSync } from 'node:fs';
import winston from 'winston';
import Transport from 'winston-transport';

export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where winston keeps the finished line, and the level that formats look at. */
const MESSAGE = Symbol.for('message');
const LEVEL = Symbol.for('level');

/** What winston hands from a format to a transport. */
type Line = Readonly<Record<string | symbol, unknown>>;

/**
 * Loses no line, as winston's own Console transport does with the last ones, those that explain a crash: warnings and
 * errors are written before the call returns, with all that came before them; of other lines those of one turn of the
 * event loop are written together, at its end or at that of the process.
 */
class SynchronousTransport extends Transport {
  override log(info: Line, done: () => void): void {
    const line = info[MESSAGE];
    if (typeof line === 'string') {
      waiting += `${line}\n`;
    }
    if (info['level'] === 'warn' || info['level'] === 'error' || waiting.length > LONGEST) {
      writeWaiting();
    } else if (!scheduled) {
      scheduled = true;
      setImmediate(writeWaiting);
    }
    done();
  }
}

/** Characters; more are not held back. */
const LONGEST = 64 * 1024;

let waiting = '';
let scheduled = false;

process.once('exit', writeWaiting);

function writeWaiting(): void {
  scheduled = false;
  if (waiting === '') {
    return;
  }
  let rest = Buffer.from(waiting);
  waiting = '';
  for (let attempt = 0; rest.length > 0 && attempt < 1000; attempt += 1) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) {
        return; // the reader is gone or the disk is full: a log line is not worth a failed admission
      }
    }
  }
}

/**
 * Winston's own formats `timestamp` and `json` in one: theirs look for cycles and sort the keys of every object, at more
 * than a line itself costs. Fields are flat here and in the order in which they were given.
 */
const jsonLine = winston.format((info) => {
  const { level, message, fields } = info;
  info[MESSAGE] = JSON.stringify({ timestamp: timestamp(), level, message, ...(fields as LogFields) });
  return info;
});

let written = { at: 0, text: new Date(0).toISOString() };

/** Written out once a millisecond: that is a quarter of what a line costs. */
function timestamp(): string {
  const at = Date.now();
  if (at !== written.at) {
    written = { at, text: new Date(at).toISOString() };
  }
  return written.text;
}

/** A transport says when it is ready for another line; this one always is. */
const nothingMore = (): void => undefined;

export function createLogger(level: LogLevel): Logger {
  const transport = new SynchronousTransport();
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types are of two packages
  const logger = winston.createLogger({ level, format: jsonLine(), transports: [transport] });
  // Not `logger.info`: a line would go through two streams on its way from the format to the transport, which at full load
  // is more than the rules cost (docs/adr/0044-a-request-without-detours.md).
  const at = (own: LogLevel): Logger[LogLevel] =>
    logger.isLevelEnabled(own)
      ? (message, fields = {}) => {
          transport.log(logger.format.transform({ [LEVEL]: own, level: own, message, fields }) as Line, nothingMore);
        }
      : () => undefined;
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
