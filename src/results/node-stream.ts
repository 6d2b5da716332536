import type { Completion } from './completion.ts';
import { member } from './members.ts';
import type { Progressed } from './progress.ts';
import { type Reading, read } from './reading.ts';

/** The members of a Node stream, or of one of the package `readable-stream`, that Baton uses. */
interface NodeStream {
  once(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
  readonly errored?: unknown;
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly readableFlowing?: boolean | null;
  readonly readableDidRead?: boolean;
}

export function isNodeStream(value: object): boolean {
  return isState(value, '_readableState') || isState(value, '_writableState');
}

/** Whether the stream is readable and not writable. */
export function isNodeReadable(value: object): boolean {
  return isState(value, '_readableState') && !isState(value, '_writableState');
}

function isState(value: object, name: string): boolean {
  const state: unknown = name in value ? member(value, name)?.value : undefined;
  return typeof state === 'object' && state !== null;
}

/**
 * There is no `error` listener, because it would hide errors that the app does not handle. `close` follows an error,
 * too.
 */
export function onNodeStream(stream: object, completion: Completion): void {
  const source = stream as NodeStream;
  if (source.closed || source.destroyed || source.readableEnded) {
    if (source.errored) completion.failed(source.errored);
    else if (isWhole(source)) completion.done(stream);
    else completion.cancelled();
    return;
  }
  read(stream, completion, (reading) => {
    // A listener does not change the object itself, but a frozen stream does not work, so it is rejected like other
    // frozen objects.
    if (!Object.isExtensible(stream)) throw new TypeError('frozen');
    const listener = listenerOf(source, reading);
    source.once('end', listener);
    source.once('close', listener);
    reading.added(() => {
      source.removeListener('end', listener);
      source.removeListener('close', listener);
    });
    if (typeof WeakRef === 'function') reading.progress.look = lookAt(new WeakRef(source));
  });
}

function listenerOf(source: NodeStream, reading: Reading): () => void {
  return () => {
    if (source.errored) reading.failed(source.errored);
    else if (source.destroyed && !isWhole(source)) reading.cancelled();
    else reading.done(source);
  };
}

/** Whether it was read to its end, or, if it is not readable, written to its end. */
function isWhole({ readableEnded, writableFinished }: NodeStream): boolean {
  return readableEnded ?? writableFinished ?? true;
}

function lookAt(held: WeakRef<NodeStream>): () => Progressed {
  return () => {
    const source = held.deref();
    if (!source?.readableDidRead) return 'unread';
    return source.readableFlowing ? 'busy' : 'idle';
  };
}
