/**
 * The API server's own protection of configs in use, for when nobody of us is there to be asked: a
 * ValidatingAdmissionPolicy over the label and the status that the loop keeps.
 * Source: Kubernetes documentation, "Validating Admission Policy"; k8s.io/api admissionregistration/v1.
 */
import { BREAK_GLASS_ANNOTATION, BYPASS_VERB, IN_USE_LABEL, PREFIX } from '../api/names.ts';
import { AUTHZ_CONFIG, GROUP, VERSIONS } from '../api/toolhive.ts';
import { CLEANUP_USERS } from '../rules/deletion-protection.ts';

export const BACKSTOP_NAME = `configs-in-use.${PREFIX}`;

const USERS = 'oldObject.?status.?referencingWorkloads.orValue([])';
/** As deletion-protection.ts says it; ToolHive's own CRD has no list, so there the count stays unsaid. */
const MESSAGE = [
  '"MCPAuthzConfig \\"" + oldObject.metadata.name + "\\" is in use"',
  `(size(${USERS}) == 0 ? "" : " by " + ${USERS}.map(user, user.kind + " \\"" + user.name + "\\"").join(", "))`,
  '". Remove their reference first, or point them to another config; where that was just done, try again in a moment."',
].join(' + ');

const GLASS = [
  `"${BREAK_GLASS_ANNOTATION}" in oldObject.metadata.?annotations.orValue({})`,
  `authorizer.group("${GROUP}").resource("${AUTHZ_CONFIG.resource}")` +
    `.namespace(oldObject.metadata.namespace).name(oldObject.metadata.name).check("${BYPASS_VERB}").allowed()`,
].join(' && ');

/** Policy and binding as plain objects. */
export function backstop(): readonly object[] {
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: metadata(),
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          matchPolicy: 'Equivalent',
          resourceRules: [
            {
              apiGroups: [GROUP],
              apiVersions: [...VERSIONS],
              operations: ['DELETE'],
              resources: [AUTHZ_CONFIG.resource],
              scope: 'Namespaced',
            },
          ],
        },
        matchConditions: [
          { name: 'in-use', expression: `oldObject.metadata.?labels[?"${IN_USE_LABEL}"].orValue("") == "true"` },
          { name: 'not-being-deleted', expression: '!has(oldObject.metadata.deletionTimestamp)' },
          {
            name: 'not-cleanup',
            expression: `!(request.userInfo.username in [${CLEANUP_USERS.map((user) => `"${user}"`).join(', ')}])`,
          },
        ],
        validations: [
          {
            // A namespace that is going away takes workloads and configs with it, in any order.
            // Who may break the glass passes; that the annotation has not expired only our webhook can tell.
            expression: `has(namespaceObject.metadata.deletionTimestamp) || (${GLASS})`,
            reason: 'Forbidden',
            message: 'This MCPAuthzConfig is in use.',
            messageExpression: MESSAGE,
          },
        ],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: metadata(),
      spec: { policyName: BACKSTOP_NAME, validationActions: ['Deny'] },
    },
  ];
}

function metadata(): object {
  return { name: BACKSTOP_NAME, labels: { 'app.kubernetes.io/name': 'mcp-authz-webhook' } };
}
