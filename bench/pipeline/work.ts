/** What the agents do: next to nothing, because only what surrounds it is measured. */
let done = 0;

export function triageTicket(): void {
  done++;
}

export function composeReply(): void {
  done++;
}

/** How much work was done so far. */
export function workDone(): number {
  return done;
}
