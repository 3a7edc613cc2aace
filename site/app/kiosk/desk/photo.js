/** Shrinks photos of written reports on the device to at most 200 KB, because connections are slow. */

const MAX_BYTES = 200_000;
const SIDES = [1600, 1280, 1024, 800];
const QUALITIES = [0.8, 0.65, 0.5, 0.35];

/** Return a photo, shrunk to at most 200 KB and 1,600 pixels per side.
 * @param {File} file
 * @returns {Promise<string | null>} a data URL (JPEG); null if it is no picture or stays too large */
export async function shrinkPhoto(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  for (const side of SIDES) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      const url = canvas.toDataURL("image/jpeg", quality);
      if ((url.length - url.indexOf(",")) * 0.75 <= MAX_BYTES) return url;
    }
  }
  return null;
}
