// Copies the API reference's assets from node_modules into app/pages/static/<package>-<version>/, with their licences.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const STATIC = new URL("../../app/pages/static/", import.meta.url);
const PACKAGES = {
  "swagger-ui": {
    from: "swagger-ui-dist",
    files: ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE"],
  },
};

for (const [name, { from, files }] of Object.entries(PACKAGES)) {
  const source = new URL(`node_modules/${from}/`, import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL("package.json", source), "utf8"));
  for (const old of readdirSync(STATIC).filter((folder) => folder.startsWith(`${name}-`))) {
    rmSync(new URL(old, STATIC), { recursive: true });
  }
  const target = new URL(`${name}-${version}/`, STATIC);
  mkdirSync(target, { recursive: true });
  for (const file of files) {
    const copy = new URL(file.split("/").at(-1), target);
    cpSync(new URL(file, source), copy);
    if (file.endsWith(".js")) {
      // the maps are not served, so nothing must ask for them
      writeFileSync(copy, readFileSync(copy, "utf8").replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "\n"));
    }
    if (file.endsWith(".css")) {
      writeFileSync(copy, readFileSync(copy, "utf8").replace(/\n?\/\*# sourceMappingURL=\S+ ?\*\/\s*$/, "\n"));
    }
  }
}
