// How what goes up is encoded: layers, bitrates, codecs, and the options of Opus that only a description can set.

import type { MediaSource } from "../../api/group";

/** Of each layer of a camera, smallest first, as the server counts them: its scale and its bitrate. */
type Layers = readonly (readonly [scale: number, bitrate: number])[];

const RIDS = ["q", "h", "f"];
/** Together they stay under what the server takes of one publication. */
const THREE: Layers = [
  [4, 150_000],
  [2, 500_000],
  [1, 1_500_000],
];
const TWO: Layers = [
  [2, 200_000],
  [1, 800_000],
];
const ONE: Layers = [[1, 350_000]];
/** Of a smaller picture Chromium sends the first two layers alone, or the first one, whatever their scale: 960 x 540 and 480 x 270. */
const PIXELS_OF_THREE = 518_400;
const PIXELS_OF_TWO = 129_600;

function layersOf({ width = 1280, height = 720 }: MediaTrackSettings): Layers {
  const pixels = width * height;
  if (pixels >= PIXELS_OF_THREE) return THREE;
  return pixels >= PIXELS_OF_TWO ? TWO : ONE;
}

/** Returns the encodings of a camera with such a picture: the largest one sent has its full size. `wanted`: the layers somebody watches. */
export function cameraEncodings(settings: MediaTrackSettings, wanted: readonly boolean[] = []): RTCRtpEncodingParameters[] {
  const layers = layersOf(settings);
  const last = layers.length - 1;
  // Whoever wants more than there is gets the largest there is.
  const watched = (index: number): boolean => (index === last ? wanted.slice(last).includes(true) : (wanted[index] ?? true));
  return RIDS.map((rid, index) => {
    const [scaleResolutionDownBy, maxBitrate] = layers[index] ?? layers[last] ?? ONE_LAYER;
    return { rid, scaleResolutionDownBy, maxBitrate, active: index <= last && (wanted.length === 0 || watched(index)) };
  });
}

const SCREEN: readonly RTCRtpEncodingParameters[] = [{ maxBitrate: 2_500_000, maxFramerate: 15 }];
/** A camera where the browser knows no layers. */
const ONE_LAYER = [1, 1_000_000] as const;

/** The encodings to try, best first; a browser that cannot do the first throws. */
export function encodingsOf(source: MediaSource, settings: MediaTrackSettings = {}): readonly (readonly RTCRtpEncodingParameters[])[] {
  switch (source) {
    case "camera":
      return [cameraEncodings(settings), [{ maxBitrate: ONE_LAYER[1] }]];
    case "screen":
      return [SCREEN];
    case "microphone":
    case "screen_audio":
      return [[{}]];
  }
}

/** Returns the codecs of this browser with those first that every other one can play, and speech that mends its own losses. */
export function preferred(source: MediaSource, codecs: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  const first = source === "camera" || source === "screen" ? ["video/vp8"] : ["audio/red", "audio/opus"];
  const rank = (codec: RTCRtpCodec): number => {
    const index = first.indexOf(codec.mimeType.toLowerCase());
    return index === -1 ? first.length : index;
  };
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

/** Silence costs nothing in speech; the sound of a film keeps both sides. */
const OPUS: Record<"microphone" | "screen_audio", Readonly<Record<string, string>>> = {
  microphone: { useinbandfec: "1", usedtx: "1" },
  screen_audio: { useinbandfec: "1", stereo: "1", maxaveragebitrate: "128000" },
};

/** Sets the options of Opus in the server's answer, by which a browser encodes what it sends. */
export function tuned(sdp: string, sources: ReadonlyMap<string, MediaSource>): string {
  const [head = "", ...sections] = sdp.split(/^(?=m=)/m);
  return head + sections.map((section) => tuneSection(section, sources)).join("");
}

function tuneSection(section: string, sources: ReadonlyMap<string, MediaSource>): string {
  const mid = /^a=mid:(\S+)/m.exec(section)?.[1] ?? "";
  const source = sources.get(mid);
  const opus = /^a=rtpmap:(\d+) opus\//im.exec(section)?.[1];
  if (opus === undefined || (source !== "microphone" && source !== "screen_audio")) return section;
  const line = new RegExp(`^a=fmtp:${opus} ([^\\r\\n]*)`, "m");
  const options = { ...parse(line.exec(section)?.[1] ?? ""), ...OPUS[source] };
  const text = `a=fmtp:${opus} ${Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join(";")}`;
  if (line.test(section)) return section.replace(line, text);
  return section.replace(new RegExp(`^a=rtpmap:${opus} [^\\r\\n]*`, "m"), (found) => `${found}\r\n${text}`);
}

function parse(options: string): Record<string, string> {
  const pairs = options.split(";").map((option) => option.trim().split("="));
  return Object.fromEntries(pairs.filter(([name]) => name).map(([name = "", value = ""]) => [name, value]));
}
