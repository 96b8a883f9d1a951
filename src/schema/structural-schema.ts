/**
 * The OpenAPI schema of a CustomResourceDefinition, as far as an object is judged by it.
 * Source: Kubernetes documentation, "Specifying a structural schema" and "Validation rules".
 */
export interface StructuralSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

export interface ValidationRule {
  /** CEL over `self`, and over `oldSelf` where it is a transition rule. */
  readonly rule: string;
  readonly message?: string;
}

export type FaultReason = 'Required' | 'TypeInvalid' | 'ValueInvalid' | 'RuleViolated' | 'UnknownField';

export interface SchemaFault {
  readonly path: string;
  readonly reason: FaultReason;
  readonly message: string;
}

export function isOpen(schema: StructuralSchema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}
