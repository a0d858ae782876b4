// Photos that go with the next message: picked or taken, shown small, made small
// before they travel. Drawn anew, they hold neither the place nor the camera that
// made them. HEIC, which few browsers open, travels as it is: the server draws it anew,
// or says that it cannot.

import { trouble } from './words.js';

export const mostPhotos = 4;
const longestSide = 1600; // pixels; what a label's print needs to be read
const pictureSide = 480; // pixels; what is shown of it
const quality = 0.85;
const mostBytes = 10 << 20; // that the server takes of one photo

export class Photos {
  #list; #photos = []; #changed; #words;

  // list is the element that shows the photos; changed is called after each change.
  constructor(list, words, changed) {
    this.#words = words;
    this.#list = list;
    this.#changed = changed;
  }

  get count() { return this.#photos.length; }

  // add takes files, as many as there is room for, and returns what was wrong with one,
  // null if nothing.
  async add(files) {
    let wrong = null;
    for (const file of files) {
      if (this.#photos.length >= mostPhotos) return trouble('many-photos', { n: mostPhotos });
      try {
        this.#show(await shrink(file));
      } catch {
        if (isHEIC(file) && file.size <= mostBytes) {
          this.#show({ blob: file, picture: null, name: file.name });
          continue;
        }
        wrong = trouble('no-photo', { name: file.name });
      }
    }
    return wrong;
  }

  // take gives the photos away, as { blob, picture, name }, and leaves none.
  take() {
    const photos = this.#photos;
    this.#photos = [];
    this.#list.replaceChildren();
    this.#changed();
    return photos;
  }

  // giveBack shows photos again whose message was not taken.
  giveBack(photos) { for (const photo of photos) this.#show(photo); }

  #show(photo) {
    const item = document.createElement('li');
    const remove = document.createElement('button');
    remove.type = 'button';
    remove.setAttribute('aria-label', this.#words.say('removePhoto'));
    remove.textContent = '×';
    remove.addEventListener('click', () => {
      this.#photos = this.#photos.filter((p) => p !== photo);
      item.remove();
      this.#changed();
    });
    item.append(thumbnail(photo, this.#words), remove);
    this.#photos.push(photo);
    this.#list.append(item);
    this.#changed();
  }
}

// thumbnail draws a photo small. It is a canvas, and no image with an address, so that
// a shop's content security policy need not allow any.
export function thumbnail({ picture, name }, words) {
  const shown = document.createElement(picture ? 'canvas' : 'span');
  shown.className = 'thumbnail';
  shown.setAttribute('role', 'img');
  shown.setAttribute('aria-label', words.say('yourPhoto'));
  if (picture) {
    Object.assign(shown, { width: picture.width, height: picture.height });
    shown.getContext('2d').drawImage(picture, 0, 0);
  } else {
    shown.textContent = name || 'Photo';
  }
  return shown;
}

// isHEIC goes by the name where the browser knows no type for it.
function isHEIC(file) { return /^image\/hei[cf]$/.test(file.type) || /\.hei[cf]$/i.test(file.name); }

async function shrink(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const drawn = draw(bitmap, longestSide);
  const picture = draw(bitmap, pictureSide);
  bitmap.close();
  const blob = await new Promise((done, failed) => {
    drawn.toBlob((made) => (made ? done(made) : failed(new Error('no photo'))), 'image/jpeg', quality);
  });
  return { blob, picture, name: file.name };
}

// draw gives a canvas with the photo, no longer than longest.
function draw(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const brush = canvas.getContext('2d');
  brush.fillStyle = '#fff'; // behind what is see-through
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}
