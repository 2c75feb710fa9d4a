// What a refusal of the server means for a call.

import { ApiError } from "../../api/failure";
import type { Refused } from "./phase";

export function refusedBy(error: ApiError): Refused {
  if (error.status === 0) return "network";
  switch (error.code) {
    // The server has no time now: what is asked again is done.
    case "busy":
    case "call.too_much":
      return "network";
    case "call.unknown_participant":
      return "no_participant";
    case "call.unknown":
    case "call.ended":
      return "ended";
    case "call.full":
      return "full";
    case "call.locked":
      return "locked";
    case "call.removed":
      return "removed";
    case "call.already":
    case "call.busy":
      return "already";
    default:
      return "failed";
  }
}
