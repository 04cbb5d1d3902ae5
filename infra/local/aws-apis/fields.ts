/** Reading what came over the wire, whose shape nobody has checked. */
import type { Json, JsonObject } from '../../../shared/domain/agent.ts';
import { ApiError } from './api-server.ts';

const refuse = (name: string, wanted: string): never => {
  throw new ApiError('ValidationException', 400, `${name} must be ${wanted}`);
};

/** @throws ApiError unless it is a string that is not empty. */
export function textOf(from: JsonObject, name: string): string {
  const value = from[name];
  return typeof value === 'string' && value !== '' ? value : refuse(name, 'a string');
}

export function optionalText(from: JsonObject, name: string): string | null {
  return from[name] === undefined || from[name] === null ? null : textOf(from, name);
}

export function numberOf(from: JsonObject, name: string, fallback: number): number {
  const value = from[name] ?? fallback;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(name, 'a whole number');
}

/** An empty object when it is not there. */
export function objectOf(from: JsonObject, name: string): JsonObject {
  const value: Json = from[name] ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(name, 'an object');
  return value as JsonObject;
}

export function listOf(from: JsonObject, name: string): readonly Json[] {
  const value: Json = from[name] ?? [];
  return Array.isArray(value) ? value : refuse(name, 'a list');
}

export function objectsOf(from: JsonObject, name: string): readonly JsonObject[] {
  return listOf(from, name).map((value) => objectOf({ [name]: value }, name));
}
