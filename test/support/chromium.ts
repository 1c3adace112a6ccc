import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser that CHROMIUM names, else the one that is on the PATH. */
function findChromium(): string | undefined {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A suite in a headless Chromium, which is there while its tests run. Without one it is skipped, and the run says so at
 * its end, as `describeWith` does.
 */
export function describeInChromium(title: string, suite: (browser: () => Browser) => void): void {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    describe.skip(`${title} [needs CHROMIUM]`, () => suite(() => undefined as never));
    return;
  }
  describe(title, () => {
    let browser: Browser;
    beforeAll(async () => {
      // Its sandbox needs privileges that containers lack; it sees nothing but our own pages.
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    }, 60_000);
    afterAll(() => browser.close());
    suite(() => browser);
  });
}
