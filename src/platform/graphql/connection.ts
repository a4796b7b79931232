import type { Type } from '@nestjs/common';
import { Field, Int, ObjectType } from '@nestjs/graphql';
import type { EntityManager, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import { In, LessThan } from 'typeorm';
import { invalid } from '../../shared/errors.js';
import { organizationOf } from '../database/database.js';
import { isId } from '../database/ids.js';
import { groupBy, type LoaderDefinition } from './loader.js';

export const MAX_PAGE_SIZE = 100;
export const DEFAULT_PAGE_SIZE = 20;

@ObjectType('PageInfo')
export class PageInfoType {
  @Field() hasNextPage: boolean;
  @Field() hasPreviousPage: boolean;
  @Field(() => String, { nullable: true }) startCursor: string | null;
  @Field(() => String, { nullable: true }) endCursor: string | null;
}

/** A page of a list. `totalCount` is a getter, so that it costs a statement only when it is asked for. */
export interface Connection<T> {
  edges: { cursor: string; node: T }[];
  nodes: T[];
  pageInfo: PageInfoType;
  readonly totalCount: Promise<number>;
}

/** The GraphQL types `<Name>Connection` and `<Name>Edge` over a node type. */
export function connectionOf<T>(node: Type<T>, name: string): Type<Connection<T>> {
  @ObjectType(`${name}Edge`)
  class Edge {
    @Field() cursor: string;
    @Field(() => node) node: T;
  }
  @ObjectType(`${name}Connection`)
  class ConnectionType {
    @Field(() => [Edge]) edges: Edge[];
    @Field(() => [node]) nodes: T[];
    @Field(() => PageInfoType) pageInfo: PageInfoType;
    @Field(() => Int) readonly totalCount: Promise<number>;
  }
  return ConnectionType;
}

export interface PageArgs {
  first?: number | null;
  after?: string | null;
}

export interface Page {
  /** What is listed. */
  list: string;
  size: number;
  /** Rows after this position; null: from the start. */
  after: string | null;
}

/** Checks `first` and `after`. The cursor is opaque to clients: base64url of the list and the id of the row. */
export function idPage(list: string, args: PageArgs): Page {
  const size = args.first ?? DEFAULT_PAGE_SIZE;
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE_SIZE)
    throw invalid('first', `first must be from 1 to ${MAX_PAGE_SIZE}.`);
  return { list, size, after: args.after ? idOf(list, args.after) : null };
}

const cursorOf = (list: string, id: string): string => Buffer.from(`${list}:${id}`).toString('base64url');

function idOf(list: string, cursor: string): string {
  const id = Buffer.from(cursor, 'base64url')
    .toString()
    .slice(list.length + 1);
  if (!isId(id) || cursorOf(list, id) !== cursor) throw invalid('after', 'after is not a cursor of this list.');
  return id;
}

/** Makes a connection from up to `page.size + 1` rows; the one too many tells that there is a next page. */
export function connectionFrom<T extends { id: string }>(rows: T[], page: Page, countRows: () => Promise<number>): Connection<T> {
  const nodes = rows.slice(0, page.size);
  const edges = nodes.map((node) => ({ cursor: cursorOf(page.list, node.id), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > page.size,
      hasPreviousPage: page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    get totalCount() {
      return countRows();
    },
  };
}

interface Owned extends ObjectLiteral {
  organizationId: string;
  id: string;
}

type Read = <R>(work: (tx: EntityManager) => Promise<R>) => Promise<R>;

/** A page of an organization's rows, newest first (ids sort by creation; the primary key serves it). */
export async function pageOfRows<T extends Owned>(
  read: Read,
  entity: Type<T>,
  where: FindOptionsWhere<T>,
  args: PageArgs,
): Promise<Connection<T>> {
  const page = idPage(entity.name, args);
  const rows = await read((tx) =>
    tx.find(entity, {
      where: {
        ...where,
        organizationId: organizationOf(tx),
        ...(page.after ? { id: LessThan(page.after) } : {}),
      } as FindOptionsWhere<T>,
      order: { id: 'DESC' } as never,
      take: page.size + 1,
    }),
  );
  return connectionFrom(rows, page, () =>
    read((tx) => tx.countBy(entity, { ...where, organizationId: organizationOf(tx) } as FindOptionsWhere<T>)),
  );
}

/** Answers keys with one call per distinct page arguments; a list of parents shares one set of them. */
export async function byPageArgs<K extends PageArgs, V>(keys: readonly K[], load: (group: K[]) => Promise<V[]>): Promise<V[]> {
  const found = new Map<K, V>();
  for (const [, group] of groupBy([...keys], (key) => `${key.first ?? ''} ${key.after ?? ''}`)) {
    const values = await load(group);
    group.forEach((key, index) => found.set(key, values[index]));
  }
  return keys.map((key) => found.get(key) as V);
}

export interface ChildPageKey extends PageArgs {
  parentId: string;
}

/** Pages of the children of many parents with two statements, however many parents there are. */
export function childPages<T extends Owned>(entity: Type<T>, parentId: keyof T & string): LoaderDefinition<ChildPageKey, T[]> {
  return {
    cacheKey: (key) => `${key.parentId} ${key.first ?? ''} ${key.after ?? ''}`,
    batch: (tx, keys) =>
      byPageArgs(keys, async (group) => {
        const rows = groupBy(await childRows(tx, entity, parentId, group), (row) => row[parentId] as string);
        return group.map((key) => (rows.get(key.parentId) ?? []).sort((a, b) => (a.id < b.id ? 1 : -1)));
      }),
  };
}

/** Up to page size + 1 newest children of each parent. Served by the index (organization_id, <parent>, id) of the child. */
async function childRows<T extends Owned>(
  tx: EntityManager,
  entity: Type<T>,
  parentId: string,
  keys: ChildPageKey[],
): Promise<T[]> {
  const page = idPage(entity.name, keys[0]);
  const { tablePath, columns } = tx.connection.getMetadata(entity);
  const column = columns.find((candidate) => candidate.propertyName === parentId)?.databaseName;
  const organizationId = organizationOf(tx);
  const positions = await tx.query<{ id: string }[]>(
    `SELECT child.id FROM unnest($2::uuid[]) AS parent (id) CROSS JOIN LATERAL (
       SELECT c.id FROM ${tablePath} c WHERE c.organization_id = $1 AND c.${column} = parent.id AND ($3::uuid IS NULL OR c.id < $3)
       ORDER BY c.id DESC LIMIT $4) AS child`,
    [organizationId, [...new Set(keys.map((key) => key.parentId))], page.after, page.size + 1],
  );
  if (positions.length === 0) return [];
  return tx.findBy(entity, { organizationId, id: In(positions.map((row) => row.id)) } as FindOptionsWhere<T>);
}

/** Numbers of children per parent with one statement. */
export function childCounts<T extends Owned>(entity: Type<T>, parentId: keyof T & string): LoaderDefinition<string, number> {
  return {
    async batch(tx, ids) {
      const rows = await tx
        .createQueryBuilder(entity, 'child')
        .select(`child.${parentId}`, 'parent')
        .addSelect('count(*)', 'count')
        .where('child.organizationId = :organizationId', { organizationId: organizationOf(tx) })
        .andWhere(`child.${parentId} IN (:...ids)`, { ids: [...ids] })
        .groupBy(`child.${parentId}`)
        .getRawMany<{ parent: string; count: string }>();
      const counts = new Map(rows.map((row) => [row.parent, Number(row.count)]));
      return ids.map((id) => counts.get(id) ?? 0);
    },
  };
}
