import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import { ROLES, type Role } from '../domain/roles.js';

export const RoleEnum = enumOf('Role', ...ROLES);
export const ViewerKindEnum = enumOf('ViewerKind', 'API_KEY', 'PARTNER_APP', 'USER', 'CUSTOMER');

@ObjectType('User')
export class UserType {
  @Field(() => ID) id: string;
  @Field() email: string;
  @Field(() => String, { nullable: true }) name: string | null;
  @Field(() => RoleEnum) role: Role;
  @Field(() => DateTimeScalarType, { nullable: true }) lastSignedInAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
}

export const UserConnectionType = connectionOf(UserType, 'User');

@ObjectType('Invitation')
export class InvitationType {
  @Field(() => ID) id: string;
  @Field() email: string;
  @Field(() => RoleEnum) role: Role;
  @Field() invitedBy: string;
  @Field(() => DateTimeScalarType) expiresAt: Date;
  @Field(() => DateTimeScalarType, { nullable: true }) acceptedAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) revokedAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
}

export const InvitationConnectionType = connectionOf(InvitationType, 'Invitation');

@ObjectType('CreatedInvitation')
export class CreatedInvitationType {
  @Field(() => InvitationType) invitation: InvitationType;
  @Field({ description: 'Shown this once: hand it to whoever is invited.' }) token: string;
}

@ObjectType('SignedIn', { description: 'The session is in a cookie that no script can read.' })
export class SignedInType {
  @Field(() => UserType) user: UserType;
  @Field(() => DateTimeScalarType) expiresAt: Date;
}

@ObjectType('Viewer', { description: 'Who asks, and what they may do.' })
export class ViewerType {
  @Field(() => ViewerKindEnum) kind: keyof typeof ViewerKindEnum;
  @Field(() => ID) organizationId: string;
  @Field() organizationName: string;
  @Field({ description: 'TEST or LIVE.' }) organizationMode: string;
  @Field(() => [String]) scopes: string[];
  @Field(() => UserType, { nullable: true }) user: UserType | null;
  @Field(() => ID, { nullable: true, description: 'In a portal: the customer whose it is.' }) customerId: string | null;
  @Field(() => ID, { nullable: true }) partnerAppId: string | null;
}

@InputType()
export class CreateFirstUserInput {
  @Field() email: string;
  @Field({ description: 'At least 12 characters.' }) password: string;
  @Field(() => String, { nullable: true }) name?: string | null;
}

@InputType()
export class SignInInput {
  @Field() email: string;
  @Field() password: string;
  @Field(() => ID, { nullable: true, description: 'For who has users in several organizations.' }) organizationId?: string | null;
}

@InputType()
export class InviteUserInput {
  @Field() email: string;
  @Field(() => RoleEnum) role: Role;
}

@InputType()
export class AcceptInvitationInput {
  @Field() token: string;
  @Field({ description: 'At least 12 characters.' }) password: string;
  @Field(() => String, { nullable: true }) name?: string | null;
}
