/** Decoder of `.nntc` files, for web pages. */
import { setPlatform } from "./platform.js";
import { web } from "./platform/web.js";

setPlatform(web);
export * from "./api.js";
