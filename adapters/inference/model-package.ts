import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { z } from 'zod';

import { CallError } from '../../src/ports/errors.ts';
import { manifestProblems } from './manifest-problems.ts';
import { packageManifest, type HashedFile, type PackageManifest } from './manifest.ts';

/** A folder with a manifest that is sound. Its graphs have not been looked at yet. */
export interface ModelPackage {
  readonly folder: string;
  readonly manifest: PackageManifest;
}

/** The error every refusal of a package is: it names the package and what does not fit. */
export function refusal(subject: string, problem: string, cause?: unknown): CallError {
  return new CallError('model_unavailable', `model package ${subject}: ${problem}`, { cause });
}

/**
 * Reads and checks `manifest.json` of a package. A small file, read once at start.
 * @throws CallError `model_unavailable` with every problem in the message
 */
export function readModelPackage(folder: string): ModelPackage {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  } catch (error) {
    throw refusal(folder, 'manifest.json cannot be read', error);
  }
  const parsed = packageManifest.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'manifest'}: ${message}`,
    );
    throw refusal(folder, problems.join('; '));
  }
  const problems = manifestProblems(parsed.data);
  if (problems.length > 0) throw refusal(parsed.data.id, problems.join('; '));
  return { folder, manifest: parsed.data };
}

/**
 * Compares every file of the package with the hash its manifest gives.
 * @throws CallError `model_unavailable` naming the first file that is missing or different
 */
export async function verifyFiles({ folder, manifest }: ModelPackage): Promise<void> {
  const files: HashedFile[] = manifest.graphs.flatMap((graph) => [graph, ...(graph.data ?? [])]);
  if (manifest.streams.text !== undefined) files.push(manifest.streams.text.vocabulary);
  for (const { file, sha256 } of files) {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(join(folder, file)), hash);
    } catch (error) {
      throw refusal(manifest.id, `${file} cannot be read`, error);
    }
    const actual = hash.digest('hex');
    if (actual !== sha256) {
      throw refusal(manifest.id, `${file} has SHA-256 ${actual}, the manifest says ${sha256}`);
    }
  }
}

/**
 * The words of the text stream by token id; empty for a package without one.
 * @throws CallError `model_unavailable` when the file is not a JSON array of strings
 */
export async function readVocabulary({
  folder,
  manifest,
}: ModelPackage): Promise<readonly string[]> {
  const text = manifest.streams.text;
  if (text === undefined) return [];
  const { file } = text.vocabulary;
  try {
    return z.array(z.string()).parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
  } catch (error) {
    throw refusal(manifest.id, `${file} is not a JSON array of strings`, error);
  }
}
