'use strict';

// images: {src, sharp, name}; tabs: {name, about, cards: [{title, images: [[image, note]]}]}
const data = JSON.parse(document.getElementById('data').textContent);
const main = document.querySelector('main');
const nav = document.querySelector('nav');
const save = document.getElementById('save');
const marked = new Set();
const CARDS = 100; // shown at once

function element(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

function picture(position, note) {
  const { src, sharp, name } = data.images[position];
  const frame = element('span', 'frame');
  if (src === null) {
    frame.append(element('span', 'lost', 'not readable'));
  } else {
    const image = element('img', sharp === null ? '' : 'sharp');
    image.src = src;
    image.alt = '';
    frame.append(image);
  }
  const button = element('button', 'image', frame, element('span', 'caption', note),
    element('span', 'caption name', name.split('/').pop()));
  button.type = 'button';
  button.title = name;
  button.dataset.image = position;
  button.setAttribute('aria-pressed', marked.has(position));
  button.addEventListener('click', () => {
    if (!marked.delete(position)) marked.add(position);
    for (const same of document.querySelectorAll(`[data-image="${position}"]`)) {
      same.setAttribute('aria-pressed', marked.has(position));
    }
    count();
  });
  return button;
}

const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function marks() {
  const lines = [...marked].sort((a, b) => a - b).map((position) => `${field(data.images[position].name)},remove\n`);
  return `path,mark\n${lines.join('')}`;
}

function count() {
  document.querySelector('#marks span').textContent =
    marked.size === 0 ? 'Click images to mark them for removal.' : `${marked.size} marked.`;
  save.hidden = marked.size === 0;
}

save.addEventListener('click', () => {
  save.href = URL.createObjectURL(new Blob([marks()], { type: 'text/csv' }));
});

function addCards(tab, start) {
  for (const card of tab.cards.slice(start, start + CARDS)) {
    const images = element('div', 'images', ...card.images.map(([position, note]) => picture(position, note)));
    main.append(element('section', '', element('h2', '', card.title), images));
  }
  const next = start + CARDS;
  if (next >= tab.cards.length) return;
  const more = element('button', 'more', `Show more of ${tab.cards.length}`);
  more.addEventListener('click', () => { more.remove(); addCards(tab, next); });
  main.append(more);
}

function show() {
  const position = Math.max(0, data.tabs.findIndex((tab, i) => location.hash === `#tab-${i}`));
  const tab = data.tabs[position];
  main.replaceChildren(element('p', '', tab.cards.length ? tab.about : 'Nothing was found.'));
  addCards(tab, 0);
  [...nav.children].forEach((link, i) => {
    if (i === position) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  });
  window.scrollTo(0, 0);
}

nav.append(...data.tabs.map((tab, i) => {
  const link = element('a', '', `${tab.name} (${tab.cards.length.toLocaleString('en')})`);
  link.href = `#tab-${i}`;
  return link;
}));
window.addEventListener('hashchange', show);
count();
show();
