// What JavaScript's ical.js reads in the files of a folder: by file, component and order, as JSON.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [library, folder] = process.argv.slice(2);
const { default: ical } = await import(pathToFileURL(library));

// A value as text: times as 2026-05-11T08:00:00Z.
function value(it) {
  return it instanceof ical.Time ? it.toJSDate().toISOString().replace(".000Z", "Z") : String(it);
}

function component(it) {
  const names = {};
  for (const property of it.getAllProperties()) {
    const [, params] = property.toJSON();
    const upper = Object.entries(params).map(([key, param]) => [key.toUpperCase(), String(param)]);
    const values = property.getValues().map(value).join(",");
    (names[property.name.toUpperCase()] ??= []).push({ value: values, params: Object.fromEntries(upper) });
  }
  const components = it.getAllSubcomponents().map(component);
  return { name: it.name.toUpperCase(), properties: names, components };
}

const files = fs.readdirSync(folder).filter((name) => name.endsWith(".ics")).sort();
const read = (name) => component(new ical.Component(ical.parse(fs.readFileSync(path.join(folder, name), "utf8"))));
process.stdout.write(JSON.stringify(Object.fromEntries(files.map((name) => [name, read(name)]))));
