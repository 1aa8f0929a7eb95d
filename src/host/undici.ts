/** What igneous uses of undici, by name: a bundler cannot give the names of a CommonJS module that is imported late. */
export { Agent, EnvHttpProxyAgent, request } from "undici";
