// <photo-picker data-most="10" data-limit-mb="20" data-too-many data-too-big data-not-a-photo data-failed> inside a form.
//
// Wraps `<input type="file" name="photos" multiple accept="image/*">`, `<ul class="photos">` (rows of photos the product
// has already) and template[data-row=photo] with an <img>, a hidden input `photo_order`, buttons [data-move=-1|1] and
// [data-remove]. Rows keep the order: an id for a photo the server has, "new" for the next new file. Large pictures are
// made smaller before they travel; the upload shows its progress in `<progress hidden>`.
import { complain, wrong } from "../lib/answer";
import { row, written } from "../lib/fill";

/** Longest side sent; the server makes its renditions from this. */
const LONGEST = 2048;
/** Smaller files travel as they are. */
const SMALL_BYTES = 1_200_000;

class PhotoPicker extends HTMLElement {
  private readonly input = this.querySelector<HTMLInputElement>("input[type=file]")!;
  private readonly list = this.querySelector<HTMLElement>(".photos")!;
  private readonly files = new WeakMap<Element, File>();

  connectedCallback(): void {
    this.input.addEventListener("change", () => void this.take([...(this.input.files ?? [])]));
    this.addEventListener("click", (event) => {
      const button = (event.target as HTMLElement).closest<HTMLElement>("[data-move], [data-remove]");
      const item = button?.closest("li");
      if (!button || !item) return;
      if (button.dataset["move"] === undefined) item.remove();
      else this.move(item, Number(button.dataset["move"]), button);
      this.sync();
    });
    this.closest("form")?.addEventListener("submit", (event) => this.send(event));
  }

  private async take(files: File[]): Promise<void> {
    this.complain("");
    const most = Number(this.dataset["most"] ?? 10);
    const limit = Number(this.dataset["limitMb"] ?? 20) * 1_000_000;
    for (const file of files) {
      if (!file.type.startsWith("image/")) this.complain(written(file.name, this.dataset["notAPhoto"]));
      else if (this.list.children.length >= most) this.complain(written(most, this.dataset["tooMany"]));
      else {
        // Seen at once; made smaller behind the picture.
        const made = this.add(file);
        this.sync();
        const smaller = await shrink(file);
        if (made) this.files.set(made, smaller);
        if (smaller.size > limit) {
          made?.remove();
          this.complain(written(file.name, this.dataset["tooBig"]));
        }
      }
    }
    this.sync();
  }

  private add(file: File): Element | undefined {
    const made = row(this, "photo", { id: "new", name: file.name });
    const picture = made?.querySelector("img");
    if (!made || !picture) return;
    picture.src = URL.createObjectURL(file);
    picture.onload = () => URL.revokeObjectURL(picture.src);
    this.files.set(made, file);
    this.list.append(made);
    return made;
  }

  private move(item: Element, by: number, button: HTMLElement): void {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(item);
    else other.after(item);
    button.focus();
  }

  /** The input carries the new files in the order of the rows, so that the plain form would send the same. */
  private sync(): void {
    const carried = new DataTransfer();
    for (const item of this.list.children) {
      const file = this.files.get(item);
      if (file) carried.items.add(file);
    }
    this.input.files = carried.files;
    const full = this.list.children.length >= Number(this.dataset["most"] ?? 10);
    const drop = this.input.closest<HTMLElement>(".drop");
    if (drop) drop.hidden = full;
  }

  /** fetch tells nothing about an upload; XMLHttpRequest does. */
  private send(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    const bar = this.querySelector("progress");
    if (!this.input.files?.length || !bar) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    bar.hidden = false;
    const body = new FormData(form);
    const button = event.submitter as HTMLButtonElement | null;
    if (button?.name) body.append(button.name, button.value);
    const sent = new XMLHttpRequest();
    sent.upload.onprogress = ({ loaded, total }) => {
      bar.max = total;
      bar.value = loaded;
    };
    const failed = (words: string): void => {
      form.setAttribute("aria-busy", "false");
      bar.hidden = true;
      this.complain(words);
    };
    sent.onerror = () => failed(document.body.dataset["offline"] ?? "");
    sent.onload = () => {
      // The same address again is the form as it was typed: photos kept, mistakes beside their fields.
      if (sent.responseURL === form.action && shown(sent.responseText)) return;
      if (sent.status < 400) return location.assign(sent.responseURL);
      const { said, fields } = wrong(sent.getResponseHeader("content-type") ?? "", sent.responseText);
      failed(said || Object.keys(fields).length ? "" : (this.dataset["failed"] ?? ""));
      complain(form, { said, fields });
    };
    sent.open("POST", form.action);
    sent.setRequestHeader("accept", "text/html");
    sent.send(body);
  }

  private complain(words: string): void {
    const place = this.querySelector<HTMLElement>(".error");
    if (!place) return;
    (place.querySelector("[data-slot=detail]") ?? place).textContent = words;
    place.hidden = !words;
  }
}

/** Puts the page that came back in place of this one's, and leads to what is wrong in it. */
function shown(html: string): boolean {
  const main = new DOMParser().parseFromString(html, "text/html").querySelector("main");
  if (!main?.querySelector("photo-picker")) return false;
  document.querySelector("main")?.replaceWith(main);
  const wrong = main.querySelector<HTMLElement>("[aria-invalid=true], [role=alert]:not([hidden]), [role=status]");
  if (wrong && wrong.tabIndex < 0) wrong.tabIndex = -1;
  wrong?.focus();
  return true;
}

/** A photo of eight megabytes takes a minute on a market's wifi; what cannot be read here goes as it is. */
async function shrink(file: File): Promise<File> {
  if (file.size < SMALL_BYTES || !("createImageBitmap" in window)) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.86));
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}
customElements.define("photo-picker", PhotoPicker);
