import { printable } from '../../printable.ts';
import type { TimelineAgent } from '../session-timeline.ts';
import { BOLD, type Fragment, PLAIN, type Style } from './styled-text.ts';

/** The terminal's own colours, which suit its background. Red is kept for errors, yellow for what wants attention. */
const PALETTE: readonly Style[] = ['36', '35', '34', '32', '96', '95', '94', '92'];

/** One colour per agent, given in the order of appearance. */
export class AgentColors {
  readonly #styles: ReadonlyMap<string, Style>;

  constructor(agents: readonly TimelineAgent[]) {
    this.#styles = new Map(agents.map(({ key }, index) => [key, PALETTE[index % PALETTE.length] ?? PLAIN]));
  }

  style(agent: TimelineAgent | undefined): Style {
    return (agent && this.#styles.get(agent.key)) ?? PLAIN;
  }

  name(agent: TimelineAgent): Fragment {
    return { text: printable(agent.name), style: this.style(agent) };
  }

  boldName(agent: TimelineAgent): Fragment {
    const style = this.style(agent);
    return { text: printable(agent.name), style: style === PLAIN ? BOLD : `${BOLD};${style}` };
  }
}
