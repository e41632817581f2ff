'use strict';

// thumbnails: {src, sharp}; `sharp` is the longer side in pixels of an image enlarged without smoothing;
// images: {thumbnail, name, label}, the queries first;
// links: the neighbors of each image as [image, similarity]
const data = JSON.parse(document.getElementById('data').textContent);
const main = document.querySelector('main');
const header = document.querySelector('header');
const legend = document.getElementById('legend');
const filter = document.getElementById('filter');
const select = filter.querySelector('select');
const classes = [...new Set(data.images.map((image) => image.label))].filter((label) => label !== null).sort();
const indexed = data.images.length - data.queries;
const number = (value) => value.toLocaleString('en');
const count = (value, one, more) => `${number(value)} ${value === 1 ? one : more}`;

function element(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

// true, false, or null if a class is unknown
function agrees(query, other) {
  const [a, b] = [data.images[query].label, data.images[other].label];
  return a === null || b === null ? null : a === b;
}

// the name of a file without folder and extension, in two parts: only the first may be shortened
function fileName(name) {
  const letters = [...name.split('/').pop().replace(/(.)\.[^.]*$/, '$1')];
  const [start, end] = [letters.slice(0, -8), letters.slice(-8)].map((part) => part.join(''));
  return element('span', 'caption file', element('span', 'start', start), element('span', 'end', end));
}

function thumbnail(position, similarity = null, same = null) {
  const { name, label } = data.images[position];
  const { src, sharp } = data.thumbnails[data.images[position].thumbnail];
  const frame = element('span', 'frame');
  if (src === null) {
    frame.append(element('span', 'lost', 'not readable'));
  } else {
    const image = element('img');
    image.src = src;
    image.alt = name;
    if (sharp !== null) {
      image.className = 'sharp';
      image.style.setProperty('--sharp', `${sharp}px`);
    }
    frame.append(image);
  }
  const button = element('button', 'image', frame);
  if (similarity !== null) button.append(element('span', 'caption similarity', similarity));
  if (same !== null) {
    button.classList.add(same ? 'right' : 'wrong');
    const mark = element('b', `mark ${same ? 'right' : 'wrong'}`);
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', same ? 'same class' : 'another class');
    button.querySelector('.similarity').prepend(mark);
  }
  button.append(label === null ? fileName(name) : element('span', 'caption class', label));
  button.type = 'button';
  button.dataset.image = position;
  button.title = name;
  button.addEventListener('click', () => { location.hash = `image-${position}`; });
  return button;
}

// an image and its neighbors
function row(query, where, focus) {
  const links = data.links[query];
  const judged = links.map(([other]) => agrees(query, other)).filter((same) => same !== null);
  const right = judged.filter((same) => same).length;
  const share = judged.length ? `: ${right} of ${judged.length} have its class` : '';
  const found = element('div', 'found');
  // a fourth digit if the first and the last similarity agree in three; the stored rows are not precise to five
  const [first, last] = [links[0], links.at(-1)].map((link) => link?.[1].toFixed(3));
  const digits = links.length > 1 && first === last ? 4 : 3;
  for (const [other, similarity] of links) found.append(thumbnail(other, similarity.toFixed(digits), agrees(query, other)));
  const asked = thumbnail(query);
  asked.classList.add('query');
  const about = element('div', 'about', element('h2', '', data.images[query].name));
  about.append(element('p', 'share', `Nearest ${links.length} ${where}${share}`));
  return element('section', focus ? 'focus' : '', about, asked, found);
}

function shown(position) {
  return !select.value || data.images[position].label === classes[select.value];
}

function positions(from, to) {
  return Array.from({ length: to - from }, (_, i) => from + i).filter(shown);
}

const wholeIndex = `of ${number(data.total)} indexed images`;
const onPage = indexed === data.total ? wholeIndex : `of the ${number(indexed)} indexed images on this page`;

function show() {
  const focus = /^#image-(\d+)$/.exec(location.hash);
  const position = focus ? Number(focus[1]) : -1;
  const view = position >= 0 && position < data.images.length ? 'image' : location.hash === '#images' ? 'images' : 'queries';
  if (view === 'image') {
    main.replaceChildren(row(position, position < data.queries ? wholeIndex : onPage, true));
  } else if (view === 'images') {
    const gallery = element('div', 'gallery');
    for (const each of positions(data.queries, data.images.length)) gallery.append(thumbnail(each));
    main.replaceChildren(gallery);
  } else {
    main.replaceChildren(...positions(0, data.queries).map((each) => row(each, wholeIndex, false)));
  }
  if (!main.querySelector('.image')) main.replaceChildren(element('p', '', 'No image of this class here.'));
  filter.hidden = view === 'image' || select.options.length < 2;
  legend.hidden = view === 'images' || !classes.length;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  window.scrollTo(0, 0);
}

select.append(new Option('all', ''), ...classes.map((label, i) => new Option(label, i)));
const search = data.recall < 1 ? `approximate search, recall ${data.recall.toFixed(3)}` : 'exact search';
document.getElementById('about').textContent =
  `${count(data.queries, 'query', 'queries')}, ${number(indexed)} of ${number(data.total)} indexed images on this page, ` +
  `cosine similarity, ${search}. Click an image to make it the query.`;
select.addEventListener('change', show);
window.addEventListener('hashchange', show);
new ResizeObserver(() => {
  document.documentElement.style.setProperty('--header', `${header.offsetHeight}px`);
}).observe(header);
show();
