/** One answer is no larger, unpacked: more than hundreds of long sessions need. */
export const MAX_ANSWER_BYTES: number = 64 * 2 ** 20;
/** All answers to one question together. */
export const MAX_ANSWERS_BYTES: number = 256 * 2 ** 20;

/** An answer that is too large to read. */
export class TooLarge extends Error {}

/**
 * The text of an answer, read no further than `maxBytes`. Counted is what `fetch` has unpacked: a few kilobytes on the wire
 * may be gigabytes.
 *
 * @throws TooLarge
 */
export async function readAnswer(response: Response, maxBytes: number): Promise<{ text: string; bytes: number }> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
    bytes += read.value.byteLength;
    if (bytes > maxBytes) {
      // Whoever sends without end shall not be waited for.
      reader?.cancel().catch(() => {});
      throw new TooLarge(`its answer is larger than ${Math.floor(maxBytes / 2 ** 20)} MB`);
    }
    parts.push(decoder.decode(read.value, { stream: true }));
  }
  return { text: parts.join('') + decoder.decode(), bytes };
}
