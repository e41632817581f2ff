'use strict';

// images: {name, label}; block: images in a block; dim: of the rows, or null;
// tabs: {name, about, cards: [{title, images: [[image, note]]}]}; points: null or [x, y] in 0..1 of each image
const data = JSON.parse(document.getElementById('data').textContent);
const main = document.querySelector('main');
const nav = document.querySelector('nav');
const save = document.getElementById('save');
const marked = new Set();
const CARDS = 100; // shown at once
const FOUND = 60; // results of a search
const IMAGES = 120; // of a selection that are shown
const blocks = new Map(); // number -> data URIs of the images, '' if unreadable
let rows = null; // {scale, values}, int8
const texts = data.images.map(({ name, label }) => `${name}\n${label ?? ''}`.toLowerCase());
const classes = [...new Set(data.images.map((image) => image.label))].filter((label) => label !== null).sort();

function element(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

// show an image in its frame, unless it is not read yet
function fill(frame) {
  const position = Number(frame.dataset.waits);
  const block = blocks.get(Math.floor(position / data.block));
  if (!block) return;
  frame.removeAttribute('data-waits');
  const src = block[position % data.block];
  if (src === '') {
    frame.append(element('span', 'lost', 'not readable'));
    return;
  }
  // small images are stored as PNG, without smoothing
  const image = element('img', src.startsWith('data:image/png') ? 'sharp' : '');
  image.decoding = 'async';
  image.loading = 'lazy';
  image.src = src;
  image.alt = '';
  frame.append(image);
}

// called when a part of the page has been read: rows, or images-N
function arrived(part) {
  const held = document.getElementById(part);
  const text = held.textContent;
  held.remove();
  if (part === 'rows') {
    const [scale, values] = text.split(' ');
    rows = { scale: Number(scale), values: new Int8Array(Uint8Array.from(atob(values), (each) => each.charCodeAt(0)).buffer) };
    if (location.hash.startsWith('#like-')) show();
    return;
  }
  blocks.set(Number(part.slice('images-'.length)), text.split('\n'));
  document.querySelectorAll('[data-waits]').forEach(fill);
}

function picture(position, note) {
  const { name } = data.images[position];
  const frame = element('span', 'frame');
  frame.dataset.waits = position;
  fill(frame);
  const button = element('button', 'image', frame, element('span', 'caption', note),
    element('span', 'caption name', name.split('/').pop()));
  button.type = 'button';
  button.title = name;
  button.dataset.image = position;
  button.setAttribute('aria-pressed', marked.has(position));
  button.addEventListener('click', () => mark([position], !marked.has(position)));
  if (!data.dim) return button;
  const like = element('a', 'like', 'similar');
  like.href = `#like-${position}`;
  return element('div', 'item', button, like);
}

function mark(positions, on) {
  positions.forEach((position) => (on ? marked.add(position) : marked.delete(position)));
  for (const same of document.querySelectorAll('[data-image]')) {
    same.setAttribute('aria-pressed', marked.has(Number(same.dataset.image)));
  }
  count();
}

// images of the page by their cosine with one of them, the most similar first
function similar(query) {
  const { dim } = data;
  const own = rows.values.subarray(query * dim, (query + 1) * dim);
  const values = data.images.map((_, i) => {
    let sum = 0;
    for (let j = 0, at = i * dim; j < dim; j += 1, at += 1) sum += own[j] * rows.values[at];
    return sum * rows.scale ** 2;
  });
  const order = values.map((_, i) => i).filter((i) => i !== query).sort((a, b) => values[b] - values[a]);
  return order.slice(0, FOUND).map((i) => [i, values[i].toFixed(3)]);
}

function section(title, images) {
  return element('section', '', element('h2', '', title), element('div', 'images', ...images.map(([i, note]) => picture(i, note))));
}

const shown = (hits) => (hits.length > IMAGES ? `, the first ${IMAGES} are shown` : '');

function showSimilar(query) {
  main.replaceChildren(
    section(data.images[query].name, [[query, '']]),
    section(`Most similar of ${data.images.length.toLocaleString('en')} images on this page, by cosine`, similar(query)),
  );
}

function showSearch() {
  const input = element('input');
  input.type = 'search';
  input.placeholder = 'part of a path or a class';
  const found = element('div');
  input.addEventListener('input', () => {
    const text = input.value.toLowerCase();
    const hits = data.images.map((image, i) => [i, image.label ?? '']).filter(([i]) => text && texts[i].includes(text));
    found.replaceChildren(section(`${hits.length} images${shown(hits)}`, hits.slice(0, IMAGES)));
  });
  main.replaceChildren(element('p', '', 'Find images of the page by their path or class.'), input, found);
}

function inside([x, y], polygon) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [[a, b], [c, d]] = [polygon[i], polygon[j]];
    if ((b > y) !== (d > y) && x < ((c - a) * (y - b)) / (d - b) + a) odd = !odd;
  }
  return odd;
}

const colors = new Map(classes.map((label, i) => [label, `hsl(${(360 * i) / classes.length} 70% 45%)`]));

function showMap() {
  const canvas = element('canvas');
  const found = element('div');
  main.replaceChildren(element('p', '', 'Similar images lie close together. Draw around images to select them.'), canvas, found);
  const width = main.clientWidth - 40;
  const height = Math.min(width, 600);
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d');
  const places = data.points.map(([x, y]) => [10 + x * (width - 20), 10 + y * (height - 20)]);
  places.forEach(([x, y], i) => {
    pen.fillStyle = colors.get(data.images[i].label) ?? '#888';
    pen.fillRect(x - 2, y - 2, 4, 4);
  });
  const points = element('canvas'); // is copied when the lasso moves
  points.width = width;
  points.height = height;
  points.getContext('2d').drawImage(canvas, 0, 0);
  let lasso = null;
  function draw() {
    pen.clearRect(0, 0, width, height);
    pen.drawImage(points, 0, 0);
    pen.beginPath();
    lasso.forEach(([x, y]) => pen.lineTo(x, y));
    pen.closePath();
    pen.stroke();
  }
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.x) * width) / box.width, ((event.clientY - box.y) * height) / box.height];
  }
  canvas.addEventListener('pointerdown', (event) => {
    lasso = [place(event)];
    event.preventDefault();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!lasso) return;
    lasso.push(place(event));
    draw();
  });
  canvas.addEventListener('pointerup', () => {
    const hits = places.map((_, i) => i).filter((i) => inside(places[i], lasso));
    const all = element('button', 'more', `Mark all ${hits.length}`);
    all.addEventListener('click', () => mark(hits, true));
    found.replaceChildren(all, section(`${hits.length} images selected${shown(hits)}`, hits.slice(0, IMAGES).map((i) => [i, data.images[i].label ?? ''])));
    lasso = null;
  });
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
  main.append(...tab.cards.slice(start, start + CARDS).map((card) => section(card.title, card.images)));
  const next = start + CARDS;
  if (next >= tab.cards.length) return;
  const more = element('button', 'more', `Show more of ${tab.cards.length}`);
  more.addEventListener('click', () => { more.remove(); addCards(tab, next); });
  main.append(more);
}

function show() {
  const like = /^#like-(\d+)$/.exec(location.hash);
  const hash = [...nav.children].some((link) => link.hash === location.hash) ? location.hash : '#tab-0';
  if (data.dim && like && Number(like[1]) < data.images.length) {
    if (rows) showSimilar(Number(like[1]));
  } else if (hash === '#map') {
    showMap();
  } else if (hash === '#search') {
    showSearch();
  } else {
    const tab = data.tabs[Number(hash.slice('#tab-'.length))];
    main.replaceChildren(element('p', '', tab.cards.length ? tab.about : 'Nothing was found.'));
    addCards(tab, 0);
  }
  for (const link of nav.children) {
    if (link.hash === hash && !like) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  window.scrollTo(0, 0);
}

function addLink(text, hash) {
  const link = element('a', '', text);
  link.href = hash;
  nav.append(link);
}

data.tabs.forEach((tab, i) => addLink(`${tab.name} (${tab.cards.length.toLocaleString('en')})`, `#tab-${i}`));
if (data.points) addLink('Map', '#map');
addLink('Search', '#search');
window.addEventListener('hashchange', show);
window.addEventListener('resize', () => { if (location.hash === '#map') showMap(); });
count();
show();
