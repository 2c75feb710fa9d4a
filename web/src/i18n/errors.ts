// What a person is told of a failure, from its stable code.

import type { ApiError } from "../api/failure";
import type { Translate } from "./index";

export function failureText(t: Translate, error: ApiError): string {
  switch (error.code) {
    case "network":
      return t("error.network");
    case "invite.unknown":
      return t("invite.unknown");
    case "invite.expired":
      return t("invite.expired");
    case "invite.used":
      return t("invite.used");
    case "auth.credentials":
      return t("signin.bad");
    case "name.taken":
      return t("name.taken", { name: text(error.details["name"]), other: text(error.details["suggestion"]) });
    case "name.long":
      return t("name.long");
    case "name.empty":
    case "name.characters":
      return t("name.invalid");
    case "password.long":
      return t("password.long");
    case "message.long":
      return t("error.message_long");
    case "call.full":
      return t("over.full");
    case "call.locked":
      return t("panel.closed");
    case "call.declined":
      return t("panel.declined");
    case "call.too_much":
      return t("panel.too_much");
    case "call.stopping":
      return t("panel.stopping");
    case "busy":
      return t("panel.not_now");
    case "call.not_moderator":
      return t("panel.not_moderator");
    case "call.peer_too_old":
      return t("over.too_old");
    case "call.already":
    case "call.busy":
      return t("panel.busy");
    case "call.unknown":
    case "call.ended":
      return t("over.ended");
    default:
      return byStatus(t, error);
  }
}

function byStatus(t: Translate, error: ApiError): string {
  if (error.status === 429) return t("error.rate", { n: Math.max(1, Math.ceil(error.retryAfter ?? 60)) });
  if (error.status >= 500) return t("error.busy");
  if (error.status === 403) return t("error.forbidden");
  return t("error.other");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
