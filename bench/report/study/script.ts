/** What the page does by itself: sorts tables, filters rows, and shows a chart's hover texts at once, by touch too. */
export const PAGE_SCRIPT = `
'use strict';
for (const table of document.querySelectorAll('table')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild?.addEventListener('click', () => {
    const up = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const key = (row) => {
      const cell = row.cells[column];
      const { value } = cell.dataset;
      return value === undefined ? cell.textContent.toLowerCase() : value === '' ? NaN : Number(value);
    };
    const order = (a, b) => {
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
      return (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1);
    };
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => order(a, b));
    body.append(...rows.map(([, row]) => row));
  }));
}

const search = document.querySelector('#search');
if (search) {
  const choice = document.querySelector('#experiment');
  const shown = document.querySelector('#shown');
  const rows = [...document.querySelectorAll('#rows-table tbody tr')];
  const filter = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = words.every((word) => text.includes(word)) && (!choice.value || row.dataset.experiment === choice.value);
      row.hidden = !fits;
      if (fits) count++;
    }
    shown.textContent = count + ' of ' + rows.length + ' rows';
  };
  search.addEventListener('input', filter);
  choice.addEventListener('change', filter);
  filter();
}

const tip = document.querySelector('#tip');
for (const title of [...document.querySelectorAll('figure svg title')]) {
  const target = title.parentElement;
  target.dataset.tip = title.textContent;
  target.classList.add('tip-target');
  target.setAttribute('aria-label', title.textContent);
  title.remove();
}
const show = (event) => {
  const target = event.target.closest?.('[data-tip]');
  if (!target) { tip.style.opacity = 0; return; }
  tip.textContent = target.dataset.tip;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(12, event.clientX + 14), innerWidth - width - 12);
  const below = event.clientY + 18 + height < innerHeight;
  tip.style.left = left + 'px';
  tip.style.top = (below ? event.clientY + 18 : event.clientY - height - 14) + 'px';
  tip.style.opacity = 1;
};
document.addEventListener('pointermove', show);
document.addEventListener('pointerdown', show);
document.addEventListener('scroll', () => { tip.style.opacity = 0; }, { passive: true });
`;
