import { openThread, workerBeside } from '../shared/thread.ts';
import type { FromModel, ToModel } from './messages.ts';

/** The main thread's end of a model's thread. */
export interface ModelLink {
  /** Hands the message over; arrays in it are gone from here. */
  send(message: ToModel): void;
  /** Idempotent. Nothing is reported after it. */
  end(): void;
}

export interface ModelLinkHandlers {
  /** Called on the main thread, never before `OpenModelLink` returned. */
  readonly message: (message: FromModel) => void;
  /** The thread is gone, by itself; called at most once. */
  readonly lost: (reason: string) => void;
}

/** Starts a thread that serves the package in `folder`. */
export type OpenModelLink = (folder: string, handlers: ModelLinkHandlers) => ModelLink;

/** Starts a model's thread. */
export const openModelThread: OpenModelLink = (folder, { message, lost }) => {
  const thread = openThread<ToModel | null, FromModel>({
    name: 'model',
    file: workerBeside(import.meta.url),
    data: folder,
    endRequest: null,
    message,
    lost,
  });
  return {
    send: (request) => thread.send(request, request.type === 'step' ? [request.pcm.buffer] : []),
    end: () => void thread.end(),
  };
};
