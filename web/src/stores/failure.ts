// What screens need to know of a request that was not served.

export { ApiError, asApiError } from "../api/failure";
export { MediaError } from "../rtc/devices";
