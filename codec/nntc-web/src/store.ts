/** Bytes of the file that have arrived and may still be needed. */
export class Store {
  #chunks: { offset: number; data: Uint8Array }[] = [];
  #last = 0;
  /** Bytes that have arrived in all. */
  size = 0;

  push(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#chunks.push({ offset: this.size, data });
    this.size += data.length;
  }

  /** Forgets what lies between the first head bytes and those from `from` on. */
  drop(head: number, from: number): void {
    const stays = (chunk: { offset: number; data: Uint8Array }) => chunk.offset < head || chunk.offset + chunk.data.length > from;
    let first = 0;
    while (first < this.#chunks.length && this.#chunks[first]!.offset < head) first++;
    let end = first;
    while (end < this.#chunks.length && !stays(this.#chunks[end]!)) end++;
    if (end > first) this.#chunks.splice(first, end - first);
  }

  /** Copies bytes; false if they are not all there. */
  read(offset: number, to: Uint8Array): boolean {
    let done = 0, i = this.#find(offset);
    while (done < to.length) {
      const chunk = this.#chunks[i], at = offset + done;
      if (!chunk || at < chunk.offset || at >= chunk.offset + chunk.data.length) return false;
      const part = chunk.data.subarray(at - chunk.offset, at - chunk.offset + to.length - done);
      to.set(part, done);
      done += part.length;
      this.#last = i++;
    }
    return true;
  }

  /** Index of the chunk with the byte at offset, if there is one. */
  #find(offset: number): number {
    const before = this.#chunks[this.#last];
    if (before && offset >= before.offset && offset < before.offset + before.data.length) return this.#last;
    let low = 0, high = this.#chunks.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#chunks[middle]!.offset <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}
