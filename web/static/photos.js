// Photos that go with the next message: picked or taken, shown small, made small
// before they travel. Drawn anew, they hold neither the place nor the camera that
// made them. HEIC, which few browsers open, travels as it is: the server draws it anew,
// or says that it cannot.

export const mostPhotos = 4;
const longestSide = 1600; // pixels; what a label's print needs to be read
const quality = 0.85;
const mostBytes = 10 << 20; // that the server takes of one photo

export class Photos {
  #list; #photos = []; #changed;

  // list is the element that shows the photos; changed is called after each change.
  constructor(list, changed) {
    this.#list = list;
    this.#changed = changed;
  }

  get count() { return this.#photos.length; }

  // add takes files, as many as there is room for, and returns what to tell the
  // shopper, "" if nothing.
  async add(files) {
    let said = '';
    for (const file of files) {
      if (this.#photos.length >= mostPhotos) return `At most ${mostPhotos} photos can go with one message.`;
      try {
        this.#show(await shrink(file));
      } catch {
        if (isHEIC(file) && file.size <= mostBytes) {
          this.#show({ blob: file, url: URL.createObjectURL(file) });
          continue;
        }
        said = `${file.name || 'This file'} cannot be opened as a photo. JPEG, PNG and WebP can.`;
      }
    }
    return said;
  }

  // take gives the photos away, as { blob, url }, and leaves none.
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
    remove.setAttribute('aria-label', 'Remove this photo');
    remove.textContent = '×';
    remove.addEventListener('click', () => {
      this.#photos = this.#photos.filter((p) => p !== photo);
      URL.revokeObjectURL(photo.url);
      item.remove();
      this.#changed();
    });
    item.append(thumbnail(photo), remove);
    this.#photos.push(photo);
    this.#list.append(item);
    this.#changed();
  }
}

export function thumbnail(photo) {
  const image = document.createElement('img');
  image.src = photo.url;
  image.alt = 'Your photo';
  return image;
}

// isHEIC goes by the name where the browser knows no type for it.
function isHEIC(file) { return /^image\/hei[cf]$/.test(file.type) || /\.hei[cf]$/i.test(file.name); }

async function shrink(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const brush = canvas.getContext('2d');
  brush.fillStyle = '#fff'; // behind what is see-through
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((done, failed) => {
    canvas.toBlob((made) => (made ? done(made) : failed(new Error('no photo'))), 'image/jpeg', quality);
  });
  return { blob, url: URL.createObjectURL(blob) };
}
