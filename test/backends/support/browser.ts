import { type Browser, chromium } from 'playwright-core';
import { binaryOf } from './backends.ts';

/** The system's Chromium, with a profile of its own that is gone with it; it asks nobody but whom the tests ask. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: binaryOf('chromium'),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--font-render-hinting=none',
    ],
  });
}
