// What the till has sold and the market has not written down yet. It lies in the browser's own store, so that a phone that is
// switched off loses nothing. Each sale has a key of its own: sent twice it is one sale.

/** A sale as it is sent (NewSale of the API), and what the seller needs to know of it. */
export interface Kept {
  key: string;
  store: string;
  sale: {
    lines: { variant_id: string; quantity: number; price_won: number }[];
    tender: string;
    received_won?: number;
    approval: string;
    offline: boolean;
    sold_at?: string;
  };
  /** What was sold, in words. */
  what: string;
  /** It was sent, and nobody knows whether it arrived. */
  sent?: boolean;
  /** It was taken back after that: what arrived is to be called off. */
  back?: boolean;
  /** Why the market would not have it: it waits for the seller then. */
  why?: string;
}

const SALES = "sales";

function opened(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("dangol-till", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(SALES, { keyPath: "key" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

async function act<T>(mode: IDBTransactionMode, doing: (sales: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await opened();
  try {
    return await new Promise<T>((done, failed) => {
      const going = db.transaction(SALES, mode);
      const asked = doing(going.objectStore(SALES));
      // Not before it is on the disk.
      going.oncomplete = () => done(asked.result);
      going.onerror = going.onabort = () => failed(going.error);
    });
  } finally {
    db.close();
  }
}

/** Keeps a sale, or keeps it as it is now. */
export const keep = (sale: Kept): Promise<unknown> => act("readwrite", (sales) => sales.put(sale));

/** Forgets a sale: it is written down, or taken back. */
export const drop = (key: string): Promise<unknown> => act("readwrite", (sales) => sales.delete(key));

/** Whatever is kept of this store. */
export async function kept(store: string): Promise<Kept[]> {
  const all = await act<Kept[]>("readonly", (sales) => sales.getAll() as IDBRequest<Kept[]>);
  return all.filter((one) => one.store === store);
}
