import type { Locator, Page } from 'playwright-core';

/** A row of the timeline, as it is drawn. */
export interface Row {
  readonly service: string;
  readonly span: string;
  readonly colour: string;
}

/** Jaeger's UI, in the words of who looks at it. */
export class JaegerPage {
  readonly page: Page;
  readonly #url: string;

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  async openTrace(traceId: string): Promise<void> {
    await this.page.goto(`${this.#url}/trace/${traceId}`);
    await this.page.locator('.span-row').first().waitFor();
  }

  /** Drags the border of the names to this share of the width. */
  async widenNames(share: number): Promise<void> {
    const dragger = this.page.locator('.VerticalResizer--dragger').first();
    const box = await dragger.boundingBox();
    if (!box) throw new Error('no border to drag');
    const middle = box.y + box.height / 2;
    await this.page.mouse.move(box.x + box.width / 2, middle);
    await this.page.mouse.down();
    await this.page.mouse.move((this.page.viewportSize()?.width ?? 0) * share, middle, { steps: 5 });
    await this.page.mouse.up();
    await this.page.mouse.move(0, 0);
  }

  async rows(): Promise<Row[]> {
    await this.page.locator('.span-row').first().waitFor();
    const rows = await this.page.locator('.span-row').all();
    return Promise.all(
      rows.map(async (row) => ({
        service: (await row.locator('.span-svc-name').innerText()).trim(),
        span: await row.locator('.endpoint-name').innerText(),
        colour: (await row.locator('.SpanBar--bar').getAttribute('style'))?.match(/background: ([^;]+)/)?.[1] ?? '',
      })),
    );
  }

  row(span: string): Locator {
    return this.page.locator('.span-row').filter({ has: this.page.getByText(span, { exact: true }) });
  }

  /** Opens a span, with all its attributes. */
  async openSpan(span: string): Promise<Locator> {
    await this.row(span).locator('.span-name').click();
    const details = this.page.locator('.detail-row').filter({ has: this.page.getByRole('heading', { name: span }) });
    // Spans of agents and tools open on another tab.
    const tab = details.getByRole('tab', { name: 'Details' });
    if (await tab.count()) await tab.click();
    await details.getByText('Attributes:', { exact: true }).first().click();
    return details;
  }

  /** Clicks what opens a new tab. */
  async follow(link: Locator): Promise<JaegerPage> {
    const [tab] = await Promise.all([this.page.context().waitForEvent('page'), link.click()]);
    return new JaegerPage(tab, this.#url);
  }

  /** Fills the search form and sends it. */
  async search(service: string, attributes: string): Promise<void> {
    await this.page.goto(`${this.#url}/search`);
    await this.page.locator('[data-testid=service]').click();
    await this.page.locator('.ant-select-item-option').getByText(service, { exact: true }).click();
    await this.page.locator('input[name=tags]').fill(attributes);
    await this.page.getByRole('button', { name: 'Find Traces' }).click();
  }

  /** Ids of the traces that a search shows. */
  async found(): Promise<string[]> {
    const links = this.page.locator('table a[href*="/trace/"]');
    await links.first().waitFor();
    const addresses = await Promise.all((await links.all()).map((link) => link.getAttribute('href')));
    return [...new Set(addresses.flatMap((address) => /\/trace\/(\w+)/.exec(address ?? '')?.[1] ?? []))].sort();
  }

  /** Waits until everything stands where it will stay, then takes a picture. */
  async picture(height: number, path: string): Promise<void> {
    await this.page.setViewportSize({ width: 1500, height });
    await this.page.waitForTimeout(800);
    await this.page.screenshot({ path });
  }

  async openArchitecture(): Promise<void> {
    await this.page.goto(`${this.#url}/dependencies`);
    await this.page.locator('.plexus-Digraph--SvgEdge').first().waitFor({ state: 'attached' });
  }

  /** Names of the nodes, and the number at each edge. */
  async architecture(): Promise<{ nodes: string[]; calls: number[] }> {
    const nodes = await this.page.locator('.DAG--node, .DAGOptions--node').allInnerTexts();
    const calls = await this.page.locator('g:has(> .plexus-Digraph--SvgEdge) > text').allTextContents();
    return { nodes: nodes.map((name) => name.replace(/\s/g, '')).sort(), calls: calls.map(Number).sort() };
  }
}
