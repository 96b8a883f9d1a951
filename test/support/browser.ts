/** A real, headless Chromium, where the machine has one (Debian: apt-get install chromium). */
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

export function findBrowser(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Rendered {
  /** The document as the browser holds it when it has loaded. */
  readonly dom: string;
  /** Bytes of a picture of it. */
  readonly picture: number;
}

const DEADLINE = 60_000;

export async function render(browser: string, html: string): Promise<Rendered> {
  const folder = mkdtempSync(join(tmpdir(), 'browser-'));
  try {
    const page = join(folder, 'page.html');
    writeFileSync(page, html);
    // The sandbox does not run as root, as in most containers; the page is ours and offline.
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      `--user-data-dir=${folder}/profile`,
    ];
    const url = pathToFileURL(page).href;
    const dom = await run(browser, [...flags, '--dump-dom', url]);
    const picture = join(folder, 'page.png');
    await run(browser, [...flags, `--screenshot=${picture}`, url]);
    return { dom, picture: statSync(picture).size };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function run(browser: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(browser, args, { timeout: DEADLINE, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new Error(`${browser} failed`, { cause: error }));
      }
    });
  });
}
