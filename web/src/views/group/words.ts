// What is said of people in a group call, from their state.

import type { GroupCall } from "../../api/group";
import type { Chat, UserId } from "../../api/wire";
import type { Translate } from "../../i18n";
import type { GroupPicture, GroupTile } from "../../stores/group";

/** At most `max` names in sight, then how many more there are. */
export function namesLine(t: Translate, names: readonly string[], max = 3): string {
  // One name more is as short as "and 1 more".
  const shown = names.length <= max + 1 ? names : names.slice(0, max);
  const line = shown.join(", ");
  return shown.length === names.length ? line : t("names.and_more", { names: line, n: names.length - shown.length });
}

/** It rings for somebody who was called into it, and not for everybody in its chat. */
export function isInvitation(from: UserId, call: GroupCall | undefined, chat: Chat["kind"] | undefined): boolean {
  return chat === "private" || (call !== undefined && call.startedBy !== from);
}

export const nameOf = (t: Translate, tile: GroupTile): string => (tile.self ? t("tile.you") : tile.username);

/** Name, microphone, speaking, camera: what a picture tells who cannot see it. */
export function tileLabel(t: Translate, tile: GroupTile): string {
  const parts = [nameOf(t, tile), t(tile.muted ? "tile.mic_off" : "tile.mic_on")];
  if (tile.speaking) parts.push(t("tile.speaking"));
  parts.push(t(tile.camera ? "tile.cam_on" : "tile.cam_off"));
  const state = stateText(t, tile);
  if (state) parts.push(state);
  return parts.join(", ");
}

/** Nothing while one is in the call as one should be. */
export function stateText(t: Translate, tile: GroupTile): string {
  switch (tile.state) {
    case "connecting":
      return t("tile.connecting");
    case "lost":
      return t("tile.lost");
    case "connected":
      return "";
  }
}

export interface Explained {
  title: string;
  why: string;
  help: string;
}

/** The quality of somebody's connection: what it does to the talk, and what helps. Null while it is good. */
export function qualityWords(t: Translate, tile: GroupTile): Explained | null {
  if (tile.quality === "good") return null;
  return { title: t(`quality.${tile.quality}`), why: qualityWhy(t, tile), help: t(tile.self ? "quality.help_self" : "quality.help") };
}

function qualityWhy(t: Translate, { qualityWhy: why, self }: GroupTile): string {
  switch (why?.kind) {
    case undefined:
      return t("quality.unknown");
    case "loss_up":
      return t(self ? "quality.loss_up_self" : "quality.loss_up", { n: why.value });
    case "loss_down":
      return t(self ? "quality.loss_down_self" : "quality.loss_down", { n: why.value });
    case "delay":
      return t(self ? "quality.delay_self" : "quality.delay", { seconds: seconds(t, why.value) });
    case "bandwidth":
      return t(self ? "quality.bandwidth_self" : "quality.bandwidth");
  }
}

/** "0,4": tenths are enough for an ear. */
function seconds(t: Translate, milliseconds: number): string {
  return (Math.max(100, milliseconds) / 1000).toFixed(1).replace(".", t("number.point"));
}

/** There is something of this person in the track: of a lost connection, the last of it. */
export const isSeen = (picture: GroupPicture | null): boolean => picture?.state === "playing" || picture?.state === "held";

/** Why a picture that is on cannot be seen. Null while it can, or will at once. */
export function pausedWords(t: Translate, picture: GroupPicture | null, name: string): (Explained & { short: string }) | null {
  switch (picture?.state) {
    case undefined:
    case "playing":
    case "starting":
    case "held":
    case "hidden":
      return null;
    case "bandwidth":
    case "publisher":
    case "codec":
      return {
        short: t(`paused.${picture.state}`),
        title: t("paused.title"),
        why: t(`paused.${picture.state}_why`, { name }),
        help: "",
      };
  }
}
