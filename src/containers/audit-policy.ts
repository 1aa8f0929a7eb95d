import type { Json } from "../core/json.ts";

/**
 * Who changed what, without the bodies of anything: secrets must not end in a log. Reads, health checks and the steady
 * chatter of the components are left out. https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
 */
export function auditPolicy(): Json {
  return {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/metrics"] },
      {
        level: "None",
        resources: [
          { group: "", resources: ["events"] },
          { group: "events.k8s.io", resources: ["events"] },
          { group: "coordination.k8s.io", resources: ["leases"] },
        ],
      },
      { level: "None", userGroups: ["system:nodes"], verbs: ["get", "list", "watch", "patch"] },
      { level: "Metadata", resources: [{ group: "", resources: ["secrets", "configmaps"] }] },
      { level: "None", verbs: ["get", "list", "watch"] },
      { level: "Metadata" },
    ],
  };
}
