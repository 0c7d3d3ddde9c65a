import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  assetsInclude: ["**/*.nntc"],
  resolve: { alias: { "nntc-web": new URL("../dist/index.js", import.meta.url).pathname } },
  server: { fs: { allow: [new URL("../../..", import.meta.url).pathname] } },
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 1000 },
});
