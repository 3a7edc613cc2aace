/** Chooses how many bytes of a large file are sent or fetched at a time. A poor line that is cut
 * every few seconds would never carry a large piece to its end. */

export const SMALLEST_PIECE_BYTES = 8 * 1024;
const LARGEST_PIECE_BYTES = 64 * 1024;
const QUICK_MS = 2000;
const SLOW_MS = 8000;

/**
 * Return the size of the next piece: twice the last one if that was quick, half of it if it was
 * slow, and the smallest after a failure.
 * @param {number} pieceBytes the size of the last piece
 * @param {number | null} tookMs how long the last piece took; null if it did not arrive
 */
export function nextPieceBytes(pieceBytes, tookMs) {
  if (tookMs === null) return SMALLEST_PIECE_BYTES;
  if (tookMs < QUICK_MS) return Math.min(LARGEST_PIECE_BYTES, pieceBytes * 2);
  return tookMs > SLOW_MS ? Math.max(SMALLEST_PIECE_BYTES, pieceBytes / 2) : pieceBytes;
}
