import type { Type } from '@nestjs/common';
import { Field, Int, ObjectType } from '@nestjs/graphql';
import type { EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
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
  size: number;
  /** Rows after this position; null: from the start. */
  after: string | null;
}

/** Checks `first` and `after`. The cursor is opaque to clients: base64url of the position. */
export function pageOf(args: PageArgs): Page {
  const size = args.first ?? DEFAULT_PAGE_SIZE;
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE_SIZE)
    throw invalid('first', `first must be from 1 to ${MAX_PAGE_SIZE}.`);
  return { size, after: args.after ? positionOf(args.after) : null };
}

export const cursorOf = (position: string): string => Buffer.from(position).toString('base64url');

function positionOf(cursor: string): string {
  const position = Buffer.from(cursor, 'base64url').toString();
  if (cursorOf(position) !== cursor) throw invalid('after', 'after is not a cursor of this list.');
  return position;
}

/** Makes a connection from up to `page.size + 1` rows; the one too many tells that there is a next page. */
export function connectionFrom<T>(
  rows: T[],
  page: Page,
  position: (row: T) => string,
  countRows: () => Promise<number>,
): Connection<T> {
  const nodes = rows.slice(0, page.size);
  const edges = nodes.map((node) => ({ cursor: cursorOf(position(node)), node }));
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
  entity: EntityTarget<T>,
  where: FindOptionsWhere<T>,
  args: PageArgs,
): Promise<Connection<T>> {
  const page = idPage(args);
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
  return connectionFrom(
    rows,
    page,
    (row) => row.id,
    () => read((tx) => tx.countBy(entity, { ...where, organizationId: organizationOf(tx) } as FindOptionsWhere<T>)),
  );
}

export function idPage(args: PageArgs): Page {
  const page = pageOf(args);
  if (page.after !== null && !isId(page.after)) throw invalid('after', 'after is not a cursor of this list.');
  return page;
}

export interface ChildPageKey extends PageArgs {
  parentId: string;
}

/** Pages of the children of many parents with two statements, however many parents there are. */
export function childPages<T extends Owned>(
  entity: EntityTarget<T>,
  parentId: keyof T & string,
): LoaderDefinition<ChildPageKey, T[]> {
  return {
    cacheKey: (key) => `${key.parentId} ${key.first ?? ''} ${key.after ?? ''}`,
    async batch(tx, keys) {
      const found = new Map<ChildPageKey, T[]>();
      // One statement pair per distinct page arguments; a list of parents shares one set of them.
      for (const [, group] of groupBy([...keys], (key) => `${key.first ?? ''} ${key.after ?? ''}`)) {
        const rows = groupBy(await childRows(tx, entity, parentId, group), (row) => row[parentId] as string);
        for (const key of group)
          found.set(
            key,
            (rows.get(key.parentId) ?? []).sort((a, b) => (a.id < b.id ? 1 : -1)),
          );
      }
      return keys.map((key) => found.get(key) ?? []);
    },
  };
}

/** Up to page size + 1 newest children of each parent. Served by the index (organization_id, <parent>, id) of the child. */
async function childRows<T extends Owned>(
  tx: EntityManager,
  entity: EntityTarget<T>,
  parentId: string,
  keys: ChildPageKey[],
): Promise<T[]> {
  const page = idPage(keys[0]);
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
export function childCounts<T extends Owned>(
  entity: EntityTarget<T>,
  parentId: keyof T & string,
): LoaderDefinition<string, number> {
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
