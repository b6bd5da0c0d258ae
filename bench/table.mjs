/** Prints rows of text under each other; the first columns to the left, the others to the right. */
export function printTable(rows, leftColumns) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i < leftColumns ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    )
    console.log(cells.join('  '))
  }
}
