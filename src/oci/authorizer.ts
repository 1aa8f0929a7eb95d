import { IgneousError } from "../core/errors.ts";
import type { HttpClient } from "../host/http.ts";
import { type Challenge, parseChallenge } from "./auth-challenge.ts";
import { readBody, statusFailure } from "./http-body.ts";
import { parseDocument, TokenResponse } from "./schema.ts";

/** A name with a password, or a token that stands for both. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string };

export interface Authorizer {
  /** The header to send, if one is known and still good. */
  readonly header: () => string | undefined;
  /** Gets what a 401 asked for, after `refused` was sent. False when there is nothing more to try. */
  readonly answer: (challenge: string | undefined, refused: string | undefined) => Promise<boolean>;
}

interface AuthorizerOptions {
  readonly registry: string;
  readonly repository: string;
  /** Whether the registry itself is spoken to without TLS. */
  readonly plainHttp: boolean;
  readonly findCredentials: () => Promise<Credentials | undefined>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Tokens are renewed before they end, so that a request never starts with one that ends on its way. */
const margin = 15_000;

/**
 * Gets and renews what one repository wants: nothing, Basic, or a Bearer token for pulling. Credentials are looked up
 * when the registry first asks for them, and sent to no other place than the one the registry names.
 */
export function createAuthorizer(http: HttpClient, options: AuthorizerOptions): Authorizer {
  let current: { readonly header: string; readonly until: number } | undefined;
  let underWay: Promise<boolean> | undefined;

  const getToken = async (challenge: Extract<Challenge, { scheme: "bearer" }>): Promise<void> => {
    const credentials = await options.findCredentials();
    const realm = new URL(challenge.realm);
    if (realm.protocol !== "https:" && !options.plainHttp) {
      throw denied(options, `it wants its token from ${realm.origin}, which has no TLS`);
    }
    const scope = challenge.scope ?? `repository:${options.repository}:pull`;
    const response = await http(tokenRequest(realm, challenge.service, scope, credentials));
    if (response.status === 401 || response.status === 403) {
      await response.discard();
      throw denied(options, `${realm.origin} gave no token (HTTP ${response.status})`);
    }
    if (response.status !== 200) throw await statusFailure(response, `the token server ${realm.origin}`);
    const body = await readBody(response, 1024 * 1024, `the token server ${realm.origin}`);
    const { token, access_token, expires_in } = parseDocument(
      TokenResponse,
      body,
      `the answer of ${realm.origin}`,
    );
    const value = token || access_token;
    if (!value) throw denied(options, `${realm.origin} answered without a token`);
    // Sixty seconds is what the protocol says when nothing is said.
    const lifetime = (expires_in ?? 60) * 1000;
    current = { header: `Bearer ${value}`, until: options.now() + lifetime - Math.min(margin, lifetime / 4) };
  };

  const meet = async (challenge: Challenge): Promise<boolean> => {
    if (challenge.scheme === "bearer") {
      await getToken(challenge);
      return true;
    }
    const credentials = await options.findCredentials();
    if (credentials?.kind !== "password") return false;
    current = { header: basic(credentials), until: Number.POSITIVE_INFINITY };
    return true;
  };

  return {
    header: () => (current !== undefined && options.now() < current.until ? current.header : undefined),
    async answer(header, refused) {
      const challenge = header === undefined ? undefined : parseChallenge(header);
      if (challenge === undefined) return false;
      // Many blobs are refused at once when a token ends; one of them renews it for all.
      if (current !== undefined && current.header !== refused && options.now() < current.until) return true;
      underWay ??= meet(challenge).finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };
}

function tokenRequest(
  realm: URL,
  service: string | undefined,
  scope: string,
  credentials: Credentials | undefined,
): Parameters<HttpClient>[0] {
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: credentials.token,
      scope,
      client_id: "igneous",
    });
    if (service !== undefined) form.set("service", service);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { url: realm, method: "POST", headers, body: form.toString() };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const one of scope.split(" ")) url.searchParams.append("scope", one);
  return { url, ...(credentials === undefined ? {} : { headers: { authorization: basic(credentials) } }) };
}

function basic({ username, password }: Extract<Credentials, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function denied({ registry, repository }: AuthorizerOptions, why: string): IgneousError {
  return new IgneousError("registry-denied", `${registry} refused access to ${repository}: ${why}`, {
    hint: `log in: podman login ${registry}`,
  });
}
