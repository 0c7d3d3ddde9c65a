// Small things of the page.
export function element<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

export const bytes = (count: number) => `${count.toLocaleString("en")} bytes`;

export const megabytes = (count: number) => (count < 1e6 ? `${(count / 1e3).toFixed(0)} KB` : `${(count / 1e6).toFixed(1)} MB`);

export const milliseconds = (time: number) => (time < 1000 ? `${time.toFixed(0)} ms` : `${(time / 1000).toFixed(1)} s`);

/** What went wrong, for people. */
export function words(error: unknown): string {
  if (error instanceof DOMException && error.name === "AbortError") return "Stopped.";
  return error instanceof Error ? error.message : String(error);
}

/** Rows of a table; cells that are numbers stand at the right. */
export function fill(table: HTMLTableElement, head: string[], rows: (string | number)[][]): void {
  const numbers = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"));
  const line = (cells: (string | number)[], tag: "th" | "td") => {
    const row = document.createElement("tr");
    cells.forEach((cell, i) => {
      const made = document.createElement(tag);
      made.textContent = typeof cell === "number" ? cell.toLocaleString("en", { maximumFractionDigits: 2 }) : cell;
      if (numbers[i]) made.className = "number";
      row.append(made);
    });
    return row;
  };
  const [top, body] = [document.createElement("thead"), document.createElement("tbody")];
  top.append(line(head, "th"));
  body.append(...rows.map((row) => line(row, "td")));
  table.tHead?.remove();
  for (const old of [...table.tBodies]) old.remove();
  table.append(top, body);
}
