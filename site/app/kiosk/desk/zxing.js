/** Reads QR codes in browsers without a QR reader. The library zxing-cpp runs as WebAssembly from
 * our own host. */

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasm from "zxing-wasm/reader/zxing_reader.wasm";

prepareZXingModule({ overrides: { locateFile: () => new URL(wasm, import.meta.url).href } });

/** The number of QR codes to read in one frame. A sheet with the portal's code may lie beside the
 * card. */
const MAX_CODES = 4;

const canvas = document.createElement("canvas");

/** Return the texts of at most four QR codes in a video frame; an empty list if there are none.
 * @param {HTMLVideoElement} picture @returns {Promise<string[]>} */
export async function detect(picture) {
  canvas.width = picture.videoWidth;
  canvas.height = picture.videoHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context || canvas.width === 0) return [];
  context.drawImage(picture, 0, 0);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const barcodes = await readBarcodes(image, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: MAX_CODES });
  return barcodes.map((barcode) => barcode.text);
}
