/** Reads cards with the camera, through the browser's QR reader or, if there is none, the ZXing
 * library. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { isCard } from "./card.js";
import { say } from "../words/messages.js";
import { SCANNER_LIST, askWorker } from "../device/offline-shell.js";

const LOOK_MS = 120;
const SAME_CARD_MS = 4000;

/** @typedef {(picture: HTMLVideoElement) => Promise<string[]>} Detect */

/** Show the camera's picture and call `onCode` for every card. A card that stays in view counts
 * once in four seconds. If there is no camera or no QR reader, show a message.
 * @param {{onCode: (code: string) => void, onClose: () => void}} props */
export function Scanner({ onCode, onClose }) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const onCodeRef = useRef(onCode);
  onCodeRef.current = onCode;
  const [state, setState] = useState("scan.starting");

  useEffect(() => {
    let isOver = false;
    let timer = 0;
    /** @type {MediaStream | null} */
    let stream = null;
    let last = { code: "", atMs: 0 };

    async function look(/** @type {Detect} */ detect) {
      if (isOver || !video.current) return;
      const codes = video.current.readyState >= 2 ? await detect(video.current).catch(() => []) : [];
      const code = codes.find(isCard);
      const isSame = code === last.code && Date.now() - last.atMs < SAME_CARD_MS;
      if (code && !isSame && !isOver) {
        last = { code, atMs: Date.now() };
        onCodeRef.current(code);
      }
      timer = setTimeout(() => void look(detect), LOOK_MS);
    }

    async function begin() {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        return setState("scan.no_camera");
      }
      if (isOver || !video.current) return stream.getTracks().forEach((track) => track.stop());
      video.current.srcObject = stream;
      await video.current.play().catch(() => undefined);
      const detect = await detector().catch(() => null);
      if (!detect) return setState("scan.no_reader");
      setState("scan.ready");
      return look(detect);
    }

    void begin();
    return () => {
      isOver = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);

  return html`<div class="scanner">
    <video ref=${video} muted playsinline aria-label=${say("scan")}></video>
    <p role="status">${say(state)}</p>
    <button onClick=${onClose}>${say("scan.close")}</button>
  </div>`;
}

/** Return a function that reads the QR codes in a video frame, with the browser's reader if there
 * is one, else with ZXing. Rejects if ZXing cannot be loaded.
 * @returns {Promise<Detect>} */
async function detector() {
  const Native = /** @type {any} */ (globalThis).BarcodeDetector;
  if (Native && (await Native.getSupportedFormats()).includes("qr_code")) {
    const nativeDetector = new Native({ formats: ["qr_code"] });
    return async (picture) => (await nativeDetector.detect(picture)).map((/** @type {any} */ barcode) => barcode.rawValue);
  }
  askWorker("keep", SCANNER_LIST); // so that ZXing works offline from now on
  return (await import("./zxing.js")).detect;
}
