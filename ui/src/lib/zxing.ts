// The decoder for browsers that have none of their own. Only what is printed on packets and on our signs is looked for.
import { BarcodeFormat, BinaryBitmap, DecodeHintType, HybridBinarizer, MultiFormatReader, RGBLuminanceSource } from "@zxing/library";

/** Wider pictures only take longer to read. */
const WIDEST = 960;

/** Makes a reader that keeps its canvas. */
export function decoder(): (video: HTMLVideoElement) => Promise<string> {
  const reader = new MultiFormatReader();
  const formats = [BarcodeFormat.QR_CODE, BarcodeFormat.EAN_13, BarcodeFormat.EAN_8, BarcodeFormat.UPC_A, BarcodeFormat.CODE_128, BarcodeFormat.CODE_39, BarcodeFormat.ITF];
  reader.setHints(new Map<DecodeHintType, unknown>([[DecodeHintType.POSSIBLE_FORMATS, formats], [DecodeHintType.TRY_HARDER, true]]));
  const canvas = document.createElement("canvas");
  const paper = canvas.getContext("2d", { willReadFrequently: true })!;
  return async (video) => {
    const scale = Math.min(1, WIDEST / (video.videoWidth || 1));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (!canvas.width || !canvas.height) return "";
    paper.drawImage(video, 0, 0, canvas.width, canvas.height);
    return read(reader, paper.getImageData(0, 0, canvas.width, canvas.height));
  };
}

/** Reads one picture; "" when there is nothing in it. */
export function read(reader: MultiFormatReader, { data, width, height }: ImageData): string {
  const grey = new Uint8ClampedArray(width * height);
  for (let at = 0; at < grey.length; at += 1) grey[at] = ((data[at * 4] ?? 0) * 3 + (data[at * 4 + 1] ?? 0) * 6 + (data[at * 4 + 2] ?? 0)) / 10;
  try {
    return reader.decodeWithState(new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(grey, width, height)))).getText();
  } catch {
    return "";
  }
}
